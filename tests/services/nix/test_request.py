"""The verbs of the broker, and our own calls."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Refused
from appliance.model.installed import Installed
from services.nix.request import verbs
from services.nix.store import store_in
from services.processes.privileges import Job

HOME = Path("/opt/nixie")
NIX = HOME / "nix/usr/bin/nix"
INSTALLED = Installed(HOME, HOME / "program", Path(sys.executable), NIX, HOME, HOME, HOME)
STORE = store_in(Path("/s"), NIX, system_store=False)
HASH = "sha256-X0eCw84agZRbXb/27vX4DPezced0d9t/jFVebVOSwHM="
TREE = "/nix/store/kgw7rg3s82zrnm48y5g0c0y0vqmq1sz9-source"
FLAKE = {"path": TREE, "nar_hash": HASH, "rev": "a" * 40, "last_modified": 7, "dir": ""}
LOOK = {**FLAKE, "host": "ember", "adapter": TREE, "adapter_hash": HASH}
TOKEN = json.dumps({"kind": "token", "secret": "s3cret", "hosts": ["github.com"]})
KEY = json.dumps({"kind": "ssh-key", "secret": "-----BEGIN-----", "hosts": []})


def job(
    verb: str,
    args: Mapping[str, Any],
    secret: str = TOKEN,
    links: Mapping[str, str] | None = None,
) -> Job:
    """The job of a verb; `links` says where paths lead to."""
    real = (links or {}).get
    return verbs(STORE, lambda _: secret, lambda path: real(path, path))[verb](args, INSTALLED)


def test_evaluation_has_no_network() -> None:
    for verb, args in (("names", FLAKE), ("look", LOOK), ("adapter", {})):
        assert (job(verb, args).user, job(verb, args).network) == ("eval", False)


def test_evaluation_is_pure() -> None:
    assert "--impure" not in job("look", LOOK).argv


def test_evaluation_may_read_nothing_but_the_store() -> None:
    words = job("look", LOOK).argv
    assert words[words.index("restrict-eval") + 1] == "true"
    allowed = words[words.index("allowed-uris") + 1].split()
    assert not [one for one in allowed if one.startswith(("file", "git+file", "/"))]
    assert [one for one in allowed if one.startswith("path:")] == ["path:/nix/store"]


def test_the_state_directory_is_hidden_from_jobs() -> None:
    for verb, args in (("look", LOOK), ("resolve", {"url": "github:o/r"})):
        assert job(verb, args).hidden == ("/s",)
        assert "/s/secrets" not in "".join(job(verb, args).readable)


def test_import_from_derivation_is_the_owners_choice() -> None:
    def allowed(args: Mapping[str, Any]) -> str:
        words = job("look", args).argv
        return words[words.index("allow-import-from-derivation") + 1]

    assert allowed(LOOK) == "false"
    assert allowed({**LOOK, "ifd": True, "trust": "mine"}) == "true"


@pytest.mark.parametrize(
    "more", [{"trust": "stranger"}, {}, {"trust": "mine", "only_builders": True}]
)
def test_a_look_builds_nothing_for_whom_it_may_not(more: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="Nothing of this source is built on this router"):
        job("look", {**LOOK, "ifd": True, **more})


def test_a_look_that_may_not_build_gets_no_builder_from_the_daemon() -> None:
    words = job("look", LOOK).argv
    assert words[words.index("max-jobs") + 1] == "0"
    assert "max-jobs" not in job("look", {**LOOK, "ifd": True, "trust": "mine"}).argv


def test_a_source_that_reaches_home_is_fetched_by_a_user_of_its_own() -> None:
    found = job("resolve", {"url": "git+http://git.lan/x", "as": "fetch-3"})
    assert (found.user, found.writable) == ("fetch-3", ("/s/run/fetch-3",))
    assert found.env["HOME"] == "/s/run/fetch-3"


@pytest.mark.parametrize("who", ["root", "eval", "fetch-9", "fetch-1 ", 7])
def test_nobody_else_fetches(who: object) -> None:
    with pytest.raises(Refused, match="no user that fetches"):
        job("resolve", {"url": "github:o/r", "as": who})


def test_fetching_runs_as_fetch_with_the_network() -> None:
    found = job("resolve", {"url": "github:o/r?ref=main"})
    assert (found.user, found.network) == ("fetch", True)
    assert '"ref" = "main"' in found.argv[-1]


def test_a_refresh_never_uses_what_was_fetched_before() -> None:
    assert "--refresh" in job("resolve", {"url": "github:o/r"}).argv


def test_nothing_ever_asks_for_a_password() -> None:
    env = job("resolve", {"url": "git+ssh://git@h.example/x"}).env
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert "BatchMode=yes" in env["GIT_SSH_COMMAND"]
    assert "StrictHostKeyChecking=yes" in env["GIT_SSH_COMMAND"]


def test_a_token_is_in_no_argv() -> None:
    found = job("resolve", {"url": "github:o/r", "credential": "source-1"})
    assert "s3cret" not in " ".join(found.argv)
    assert "s3cret" in found.env["NIX_CONFIG"]


def test_a_key_comes_by_standard_input() -> None:
    found = job("resolve", {"url": "git+ssh://git@h.example/x", "credential": "k"}, KEY)
    assert found.stdin == b"-----BEGIN-----\n"
    assert "-----BEGIN-----" not in " ".join((*found.argv, *found.env.values()))


def test_a_credential_is_valid_for_inputs_of_its_hosts() -> None:
    locked = {"type": "github", "owner": "o", "repo": "r", "rev": "a" * 40, "narHash": HASH}
    assert "s3cret" in job("input", {"locked": locked, "credential": "k"}).env["NIX_CONFIG"]


LOCAL = {"url": "git+file:///home/me/my%20fleet", "allowed": ["/home/me"]}


def test_a_local_source_is_shown_to_the_job_that_reads_it() -> None:
    assert "/home/me/my fleet" in job("resolve", LOCAL).readable


def test_a_local_source_is_read_where_its_links_lead_to() -> None:
    found = job("resolve", LOCAL, links={"/home/me/my fleet": "/home/me/fleets/2"})
    assert "/home/me/fleets/2" in found.readable
    assert '"url" = "file:///home/me/fleets/2"' in found.argv[-1]


def test_an_allowed_directory_may_be_a_link_itself() -> None:
    links = {"/home/me": "/data/me", "/home/me/my fleet": "/data/me/my fleet"}
    assert "/data/me/my fleet" in job("resolve", LOCAL, links=links).readable


@pytest.mark.parametrize("kind", ["git+file", "path"])
def test_a_link_out_of_what_was_allowed_is_refused(kind: str) -> None:
    args = {"url": f"{kind}:/home/me/mid/f", "allowed": ["/home/me"]}
    with pytest.raises(Refused) as refused:
        job("resolve", args, links={"/home/me/mid/f": "/home/mercy/f"})
    assert str(refused.value) == (
        "/home/me/mid/f leads to /home/mercy/f, which is not below a directory that you allowed. "
        "Allow that one under Sources, Local directories, or put the flake itself where the link "
        "is."
    )


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("resolve", {"url": "--option sandbox false"}),
        ("resolve", {"url": "nixpkgs"}),
        ("resolve", {"url": ["github:o/r"]}),
        ("resolve", {"url": "path:/home/me/fleet"}),
        ("resolve", {"url": "path:/home/me/fleet", "allowed": ["/home/you"]}),
        ("resolve", {"url": "path:/home/me/fleet", "allowed": "/home/me"}),
        ("resolve", {"url": "path:/home/me/fleet", "allowed": [7]}),
        ("resolve", {}),
        ("resolve", {"url": "github:o/r", "credential": "../web/key"}),
        ("resolve", {"url": "github:o/r", "credential": 7}),
        ("input", {"locked": {"type": "path", "path": "/etc", "narHash": HASH}}),
        ("input", {"locked": {"type": "git", "url": "file:///etc", "narHash": HASH}}),
        ("input", {"locked": {"type": "github", "owner": "o", "repo": "r"}}),
        ("input", {"locked": None}),
        ("names", {**FLAKE, "path": "/etc"}),
        ("names", {**FLAKE, "path": TREE + "/../../etc"}),
        ("names", {**FLAKE, "nar_hash": "x"}),
        ("names", {**FLAKE, "dir": "../x"}),
        ("names", {**FLAKE, "last_modified": "7"}),
        ("names", {**FLAKE, "memory": 1}),
        ("names", {**FLAKE, "memory": 1 << 50}),
        ("names", {**FLAKE, "seconds": 1e9}),
        ("look", {**LOOK, "host": 'a"; x'}),
        ("look", {**LOOK, "host": ""}),
        ("look", {**LOOK, "adapter": "/tmp/mine"}),
    ],
)
def test_no_field_is_taken_on_trust(verb: str, args: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        job(verb, args)


def test_what_a_look_may_use_is_bounded() -> None:
    limits = job("look", {**LOOK, "memory": 1 << 31, "seconds": 5}).limits
    assert (limits.memory_bytes, limits.seconds) == (1 << 31, 5.0)


def test_fetching_waits_for_no_cache() -> None:
    words = job("resolve", {"url": "github:o/r"}).argv
    assert words[words.index("substitute") + 1] == "false"


def test_evaluation_asks_caches_only_when_it_may_build() -> None:
    def asks(args: Mapping[str, Any]) -> str:
        words = job("look", args).argv
        return words[words.index("substitute") + 1]

    assert asks(LOOK) == "false"
    assert asks({**LOOK, "ifd": True, "trust": "mine"}) == "true"

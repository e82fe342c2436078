"""What a flake.lock asks for."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused
from services.nix.lock import audit, changes, nodes

HASH = "sha256-X0eCw84agZRbXb/27vX4DPezced0d9t/jFVebVOSwHM="
OTHER = "sha256-wX/1gkzsBN9x701c5cB2mc1lf39G4zqz/GWJoIArQyU="


def lock(**inputs: dict[str, Any]) -> str:
    """A lock file whose root has these locked inputs."""
    named = {name: {"locked": locked, "original": {}} for name, locked in inputs.items()}
    root = {"inputs": {name: name for name in inputs}}
    return json.dumps({"nodes": {"root": root, **named}, "root": "root", "version": 7})


def github(**changes: Any) -> dict[str, Any]:
    return {
        "type": "github",
        "owner": "NixOS",
        "repo": "nixpkgs",
        "rev": "0" * 40,
        "narHash": HASH,
        "lastModified": 1_700_000_000,
        **changes,
    }


def test_a_github_input_is_fetched_from_github() -> None:
    (node,) = audit(lock(nixpkgs=github()), "mine").fetch
    assert (node.name, node.host, node.nar_hash) == ("nixpkgs", "github.com", HASH)


def test_a_flake_without_a_lock_asks_for_nothing() -> None:
    assert audit(None, "stranger").fetch == ()


def test_an_input_of_an_input_is_named_by_its_way() -> None:
    text = json.dumps(
        {
            "nodes": {
                "root": {"inputs": {"home": "home"}},
                "home": {"locked": github(), "inputs": {"nixpkgs": "nixpkgs_2"}},
                "nixpkgs_2": {"locked": github(narHash=OTHER)},
            },
            "root": "root",
            "version": 7,
        }
    )
    assert [node.name for node in nodes(text)] == ["home", "home/nixpkgs"]


def test_an_input_that_follows_another_is_fetched_once() -> None:
    text = json.dumps(
        {
            "nodes": {
                "root": {"inputs": {"a": "a", "nixpkgs": "nixpkgs"}},
                "a": {"locked": github(), "inputs": {"nixpkgs": ["nixpkgs"]}},
                "nixpkgs": {"locked": github(narHash=OTHER)},
            },
            "root": "root",
            "version": 7,
        }
    )
    assert len(audit(text, "mine").fetch) == 2


@pytest.mark.parametrize("choice", ["submodules", "shallow", "allRefs", "exportIgnore", "lfs"])
def test_what_decides_about_the_files_of_a_repository_is_kept(choice: str) -> None:
    git = {"type": "git", "url": "https://git.example.org/x", "narHash": HASH, choice: True}
    (node,) = audit(lock(x=git), "mine").fetch
    assert node.locked[choice] is True


def test_a_circle_of_inputs_ends() -> None:
    text = json.dumps(
        {
            "nodes": {
                "root": {"inputs": {"a": "a"}},
                "a": {"locked": github(), "inputs": {"b": "b"}},
                "b": {"locked": github(narHash=OTHER), "inputs": {"a": "a"}},
            },
            "root": "root",
            "version": 7,
        }
    )
    assert len(nodes(text)) == 2


def test_a_relative_input_lies_inside_its_parent() -> None:
    text = json.dumps(
        {
            "nodes": {
                "root": {"inputs": {"sub": "sub"}},
                "sub": {"locked": {"type": "path", "path": "./sub"}, "parent": []},
            },
            "root": "root",
            "version": 7,
        }
    )
    assert audit(text, "mine").findings == ()


@pytest.mark.parametrize(
    "locked",
    [
        {"type": "path", "path": "/home/me/lib", "narHash": HASH},
        {"type": "git", "url": "file:///home/me/lib", "narHash": HASH},
    ],
)
def test_an_input_on_somebodys_computer_is_a_finding_with_the_line_to_change(
    locked: dict[str, Any],
) -> None:
    found = audit(lock(secret=locked), "mine")
    assert found.fetch == ()
    assert found.findings[0].severity == "warn"
    assert found.findings[0].missing == 'inputs.secret.url = "github:owner/repository";'


@pytest.mark.parametrize("kind", ["indirect", "hg", "", "curl"])
def test_an_unknown_kind_of_input_is_a_finding(kind: str) -> None:
    assert audit(lock(a={"type": kind, "narHash": HASH}), "mine").findings


def test_an_input_without_a_hash_is_a_finding() -> None:
    assert "NAR hash" in audit(lock(a=github(narHash="")), "mine").findings[0].what


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "[fe80::1]", "nas.lan", "router"])
def test_a_strangers_input_from_the_owners_own_network_is_not_fetched(host: str) -> None:
    locked = {"type": "git", "url": f"https://{host}/x.git", "narHash": HASH}
    assert audit(lock(a=locked), "stranger").fetch == ()
    assert len(audit(lock(a=locked), "mine").fetch) == 1


def test_only_words_of_a_locked_reference_reach_nix() -> None:
    locked = github(__final=True, dir="..", extra={"a": 1}, path="/etc")
    (node,) = audit(lock(a=locked), "mine").fetch
    assert set(node.locked) == {"type", "owner", "repo", "rev", "narHash", "lastModified"}


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"version": 7}', '{"version": 99}', "3"])
def test_what_is_no_lock_file_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(Refused, match="nix flake"):
        nodes(text)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: st.dictionaries(
            st.sampled_from(["nodes", "root", "version", "inputs", "locked", "type", "url"]), x
        ),
    )
)
def test_no_json_does_anything_but_answer_or_be_refused(told: object) -> None:
    with suppress(Refused):
        audit(json.dumps(told), "mine")


def test_a_moved_input_is_told_with_its_age() -> None:
    new = github(rev="1" * 40, narHash=OTHER, lastModified=1_700_000_000 + 12 * 86_400)
    assert changes(lock(nixpkgs=github()), lock(nixpkgs=new)) == (
        "Input nixpkgs: 0000000 → 1111111, 12 days newer.",
    )


def test_inputs_that_come_or_go_are_told() -> None:
    assert changes(lock(a=github()), lock(b=github())) == ("Input b is new.", "Input a is gone.")

"""The broker's verbs for caches: the password goes where it belongs and nowhere else."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Refused
from appliance.model.caches import Asked
from appliance.model.installed import Installed
from services.nix.store import store_in
from services.nix.supply.request import verbs
from services.nix.supply.verdict import MOST_NAMES
from services.processes.privileges import Deed, Job

HOME = Path("/opt/nixie")
NIX = HOME / "nix/usr/bin/nix"
INSTALLED = Installed(HOME, HOME / "program", Path(sys.executable), NIX, HOME, HOME, HOME)
STORE = store_in(Path("/s"), NIX, system_store=False)
KEY = f"lan-1:{'A' * 43}="
PATH = "/nix/store/k1h685hvpma469x3yj24g9ljbsjcv83m-kernel"
URL = "https://cache.lan:8443/x"
LAN: dict[str, Any] = {"url": URL, "keys": [KEY], "credential": "0193-c"}
KEPT = json.dumps({"user": "lan", "password": "s3cret-word", "url": URL})
LOOK = {**LAN, "names": ["nix-cache-info"]}
BRING = {**LAN, "paths": [PATH]}
told: list[Asked] = []


def made(verb: str, kept: str = KEPT, **args: Any) -> Job | Deed:
    return verbs(STORE, lambda _: kept, told.extend)[verb](args, INSTALLED)


def job(verb: str, kept: str = KEPT, **args: Any) -> Job:
    found = made(verb, kept, **args)
    assert isinstance(found, Job)
    return found


def test_the_password_is_never_an_argument_or_a_variable() -> None:
    for found in (job("cache-look", **LOOK), job("cache-bring", **BRING)):
        assert b"s3cret-word" in found.stdin
        assert "s3cret-word" not in " ".join((*found.argv, *found.env.values()))
        assert found.user == "remote"


def test_nix_is_given_it_for_that_server_alone() -> None:
    line = b"machine cache.lan login lan password s3cret-word\n"
    assert job("cache-bring", **BRING).stdin == line


def test_an_ipv6_server_is_named_without_brackets() -> None:
    url = "http://[fd00::1]:80/x"
    kept = json.dumps({"user": "lan", "password": "word", "url": url})
    found = job("cache-bring", kept, **{**BRING, "url": url})
    assert found.stdin.startswith(b"machine fd00::1 login")


def test_a_password_is_not_shown_to_another_address() -> None:
    for verb, args in (("cache-look", LOOK), ("cache-bring", BRING)):
        with pytest.raises(Refused, match="for another cache"):
            made(verb, **{**args, "url": "https://evil.lan"})


@pytest.mark.parametrize("kept", ["", "{}", '{"user": "lan", "url": "x"}', "[1]"])
def test_a_damaged_password_is_said(kept: str) -> None:
    with pytest.raises(Refused, match="write it again"):
        made("cache-look", kept, **LOOK)


def test_without_a_credential_nobody_logs_in() -> None:
    asked = json.loads(job("cache-look", **{**LOOK, "credential": None}).stdin)
    assert (asked["user"], asked["password"]) == ("", "")


@pytest.mark.parametrize(
    "args",
    [
        {"url": "file:///etc"},
        {"url": "https://a b"},
        {"url": None},
        {"keys": "lan"},
        {"keys": ["short"]},
        {"names": []},
        {"names": ["../../etc/passwd"]},
        {"names": ["k" * 32] * (MOST_NAMES + 1)},
        {"names": "nix-cache-info"},
        {"credential": "../web/ca.key"},
        {"credential": 7},
    ],
)
def test_a_question_is_made_of_checked_words_only(args: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        made("cache-look", **{**LOOK, **args})


@pytest.mark.parametrize("paths", [[], ["/etc/passwd"], ["--all"], [PATH, 1], PATH])
def test_only_store_paths_are_brought(paths: object) -> None:
    with pytest.raises(Refused):
        made("cache-bring", **{**BRING, "paths": paths})


def test_the_daemon_is_told_checked_caches() -> None:
    told.clear()
    deed = made("caches", caches=[{"url": URL, "keys": [KEY], "private": True}])
    assert isinstance(deed, Deed)
    assert told == []
    deed.work()
    assert told == [Asked(URL, (KEY,), private=True)]


@pytest.mark.parametrize(
    "caches", [None, ["x"], [{"url": "https://x", "keys": ["k\nsandbox = false"]}], [{"url": "x"}]]
)
def test_the_daemon_is_told_nothing_else(caches: object) -> None:
    with pytest.raises(Refused):
        made("caches", caches=caches)

"""nix.conf of our own daemon."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import Refused
from appliance.model.caches import Asked
from services.nix.conf import Conf, text
from services.nix.versions import Version

CONF = Conf(
    users=("root", "nixie-build", "61105"),
    shell=Path("/opt/nixie/nix/usr/bin/bash-static"),
    build_dir=Path("/s/run/nix/builds"),
    registry=Path("/s/nix/registry.json"),
    machines=Path("/s/nix/machines"),
)
KEY = f"cache.example.org-1:{'A' * 43}="
NEW, OLD = Version(2, 26, 3), Version(2, 8, 0)


def lines(conf: Conf = CONF, version: Version = NEW) -> dict[str, str]:
    told = [line for line in text(conf, version).splitlines() if not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in (one.partition("=") for one in told)}


def test_builds_are_in_the_sandbox() -> None:
    assert lines()["sandbox"] == "true"
    assert lines()["sandbox-fallback"] == "false"


def test_a_flakes_own_settings_are_never_accepted() -> None:
    assert lines()["accept-flake-config"] == "false"


def test_nobody_but_root_is_trusted() -> None:
    assert lines()["trusted-users"] == "root"


def test_builders_get_uids_of_their_own() -> None:
    assert lines()["auto-allocate-uids"] == "true"
    assert "auto-allocate-uids" in lines()["experimental-features"]


def test_a_cache_is_asked_with_its_key() -> None:
    told = lines(replace(CONF, caches=(Asked("https://cache.example.org", (KEY,)),)))
    assert told["substituters"] == "https://cache.example.org?priority=10"
    assert told["trusted-public-keys"] == KEY


def test_what_a_cache_does_not_give_is_built() -> None:
    assert lines()["fallback"] == "true"


def test_without_caches_nobody_is_asked() -> None:
    assert (lines()["substituters"], lines()["trusted-public-keys"]) == ("", "")


def test_2_8_is_not_told_what_it_does_not_know() -> None:
    old = lines(version=OLD)
    assert "auto-allocate-uids" not in old
    assert "build-dir" not in old
    assert old["flake-registry"] == "/s/nix/registry.json"


@pytest.mark.parametrize(
    "conf",
    [
        replace(CONF, users=("a\ntrusted-users = *",)),
        replace(CONF, users=("*",)),
        replace(CONF, caches=(Asked("https://cache.example.org extra", (KEY,)),)),
        replace(CONF, caches=(Asked("https://cache.example.org", ("key:short",)),)),
        replace(CONF, shell=Path("/bin/sh\nsandbox = false")),
        replace(CONF, build_dir=Path("relative")),
    ],
)
def test_no_value_becomes_a_second_setting(conf: Conf) -> None:
    with pytest.raises(Refused):
        text(conf, NEW)

"""What the owner's variables come to."""

from pathlib import Path

import pytest

from appliance.assemble import router_plan
from appliance.errors import Refused
from services.nix.daemon import DaemonRequest
from services.nix.store import store_in
from services.nix.supply.kept import driver as kept


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose Nix only says which one it is."""
    nix = tmp_path / "nix/usr/bin/nix"
    nix.parent.mkdir(parents=True)
    nix.write_text("#!/bin/sh\necho 'nix (Nix) 2.26.3'\n")
    nix.chmod(0o755)
    monkeypatch.setenv("NIXIE_HOME", str(tmp_path))
    for name in ("LOOK_SECONDS", "LOOK_GIBIBYTES", "BUILD_GIBIBYTES"):
        monkeypatch.delenv(f"NIXIE_{name}", raising=False)
    return tmp_path


def daemon(home: Path) -> DaemonRequest:
    make = router_plan(home / "state").nix_daemon
    assert make is not None
    return make()


def caches(home: Path) -> str:
    """The line of nix.conf."""
    text = daemon(home).files[home / "state/nix/nix.conf"]
    (line,) = [one for one in text.splitlines() if one.startswith("substituters =")]
    return line


def test_the_usual_cache_is_asked(home: Path) -> None:
    assert caches(home) == "substituters = https://cache.nixos.org?priority=10"


def test_the_daemon_is_started_with_what_it_was_told_last(home: Path) -> None:
    store = store_in(home / "state", home / "nix/usr/bin/nix", system_store=False)
    kept.write(store, ())
    assert caches(home) == "substituters ="
    assert daemon(home).made_from == {store.conf / "caches.json": "[]"}


def test_what_it_was_told_and_cannot_be_read_is_the_usual(home: Path) -> None:
    store = store_in(home / "state", home / "nix/usr/bin/nix", system_store=False)
    kept.write(store, ())
    (store.conf / "caches.json").write_text('[{"url": "https://x", "keys": ["bad"]}]')
    assert caches(home) == "substituters = https://cache.nixos.org?priority=10"


def test_builds_are_held_to_what_the_owner_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIXIE_BUILD_GIBIBYTES", "3")
    assert daemon(home).bounds.memory_bytes == 3 << 30


def test_the_build_role_is_told_what_it_reads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIXIE_LOOK_GIBIBYTES", "8")
    told = router_plan(home / "state").environment
    assert (told["NIXIE_LOOK_GIBIBYTES"], told["NIXIE_LOOK_SECONDS"]) == ("8", "300")


@pytest.mark.parametrize("name", ["LOOK_SECONDS", "LOOK_GIBIBYTES", "BUILD_GIBIBYTES"])
def test_a_variable_that_is_set_wrong_starts_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"NIXIE_{name}", "much")
    with pytest.raises(Refused, match="much"):
        router_plan(home / "state")

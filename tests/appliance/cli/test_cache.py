"""`nixie cache` against a running admin."""

from collections.abc import Callable
from contextlib import closing

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.store import builds, cache_states, inventory_view
from appliance.store.builder_states import Step
from appliance.store.cache_states import KEY as KEY_STEP
from appliance.store.cache_states import UNFIT, CacheState
from appliance.store.open import reader, writer
from appliance.store.reads import Reads
from tests.webui.conftest import Admin, admin

__all__ = ("admin",)
Run = Callable[..., Result]
KEY = f"lan-1:{'A' * 43}="
ASKED = ("add", "change", "try", "has")


@pytest.fixture
def nixie(admin: Admin) -> Run:
    def run(*words: str, typed: str = "") -> Result:
        hasty = ("--timeout", "0.2") if words[0] in ASKED else ()  # there is no role to answer
        all_words = ["cache", *words, *hasty, "--state", str(admin.state)]
        return CliRunner().invoke(app, all_words, input=typed)

    return run


def order(admin: Admin) -> list[str]:
    return [one.name for one in Reads(admin.state).caches()]


def test_a_cache_goes_in_up_and_out(nixie: Run, admin: Admin) -> None:
    nixie("add", "http://cache.lan:5000", KEY)
    assert order(admin) == ["cache.nixos.org", "cache.lan:5000"]
    assert nixie("up", "cache.lan:5000").exit_code == 0
    assert order(admin) == ["cache.lan:5000", "cache.nixos.org"]
    nixie("down", "http://cache.lan:5000/")
    assert order(admin) == ["cache.nixos.org", "cache.lan:5000"]
    assert "http://cache.lan:5000" in nixie("list").stdout
    nixie("remove", "cache.lan:5000")
    assert order(admin) == ["cache.nixos.org"]


def test_a_password_is_read_and_never_shown(nixie: Run, admin: Admin) -> None:
    nixie("add", "https://cache.lan", KEY, "--user", "lan", "--password", typed="s3cret-word\n")
    (_, found) = Reads(admin.state).caches()
    assert (found.user, bool(found.credential)) == ("lan", True)
    said = nixie("details", "cache.lan", "--json").stdout + nixie("list", "--json").stdout
    assert "s3cret-word" not in said
    assert str(found.credential) not in said


def test_a_setting_is_changed_alone(nixie: Run, admin: Admin) -> None:
    nixie("change", "nixos", "--key", KEY)
    (found,) = Reads(admin.state).caches()
    assert (found.url, found.keys) == ("https://cache.nixos.org", (KEY,))


def test_a_cache_is_switched(nixie: Run, admin: Admin) -> None:
    nixie("off", "nixos")
    assert [one.enabled for one in Reads(admin.state).caches()] == [False]
    assert " off " in nixie("list").stdout
    nixie("on", "nixos")
    assert [one.enabled for one in Reads(admin.state).caches()] == [True]


def test_a_trial_and_an_answer_are_shown(nixie: Run, admin: Admin) -> None:
    steps = (Step(KEY_STEP, "bad", "It signs as other-1."),)
    state = CacheState("nixos", UNFIT, "No.", steps, answer="It has kernel.")
    with closing(writer(admin.state / "build.db", builds.MIGRATIONS)) as own:
        cache_states.stands(own, state)
    said = nixie("details", "nixos").stdout
    assert "FAILED: It signs as other-1." in said
    assert "It has kernel." in said


def test_what_is_asked_for_comes_to_the_role(nixie: Run, admin: Admin) -> None:
    path = f"/nix/store/{'k' * 32}-kernel"
    nixie("has", "nixos", path)
    with closing(reader(admin.state / "nixie.db")) as connection:
        (wish,) = inventory_view.wishes(connection, "build", 0)
    assert (wish.kind, wish.body) == ("has", {"cache": "nixos", "what": path})
    assert "Write a path below /nix/store" in nixie("has", "nixos", "ember").stderr
    assert "There is no cache other." in nixie("try", "other").stderr

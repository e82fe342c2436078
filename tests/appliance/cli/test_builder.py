"""`nixie builder` against a running admin."""

from collections.abc import Callable
from contextlib import closing

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.cli.builder import _parts
from appliance.cli.client import Failed
from appliance.model.builders import Builder
from appliance.model.outlook import OK, WARN, Need, Outlook
from appliance.store import builder_states, builds, outlooks
from appliance.store.builder_states import LOGIN, UNFIT, BuilderState, Step
from appliance.store.open import writer
from appliance.store.reads import Reads
from tests.webui.conftest import Admin, admin

__all__ = ("admin",)
Run = Callable[..., Result]
TRIED = ("add", "change", "trust", "try")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
PRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


@pytest.fixture
def nixie(admin: Admin) -> Run:
    def run(*words: str) -> Result:
        hasty = ("--timeout", "0.2") if words[0] in TRIED else ()  # there is no role to answer
        return CliRunner().invoke(app, ["builder", *words, *hasty, "--state", str(admin.state)])

    return run


def one(admin: Admin) -> Builder:
    (found,) = Reads(admin.state).builders()
    return found


def stands(admin: Admin, state: BuilderState) -> None:
    with closing(writer(admin.state / "build.db", builds.MIGRATIONS)) as own:
        builder_states.stands(own, state)


def test_a_builder_goes_in_and_out(nixie: Run, admin: Admin) -> None:
    nixie(
        "add", "builder@kiln.lan:2222", "--name", "kiln", "--jobs", "8", "--system", "aarch64-linux"
    )
    found = one(admin)
    assert (found.user, found.host, found.port) == ("builder", "kiln.lan", 2222)
    assert (found.name, found.jobs, found.systems) == ("kiln", 8, ("aarch64-linux",))
    assert "builder@kiln.lan:2222" in nixie("list").stdout
    assert nixie("remove", "kiln").exit_code == 0
    assert "No other computer builds for this router." in nixie("list").stdout


def test_a_setting_is_changed_alone(nixie: Run, admin: Admin) -> None:
    nixie("add", "nix@kiln.lan", "--speed", "7", "--feature", "kvm", "--feature", "big-parallel")
    nixie("change", "kiln.lan", "--jobs", "16")
    assert (one(admin).jobs, one(admin).speed) == (16, 7)
    assert one(admin).features == ("kvm", "big-parallel")
    nixie("change", "kiln.lan", "--feature", "kvm")
    assert (one(admin).features, one(admin).shares) == (("kvm",), False)
    nixie("change", "kiln.lan", "--share")
    assert (one(admin).jobs, one(admin).shares) == (16, True)
    nixie("change", "kiln.lan", "--evaluates")
    assert (one(admin).shares, one(admin).evaluates) == (True, True)
    nixie("change", "kiln.lan", "--whole")
    assert one(admin).shares is False


def test_a_builder_is_shown_with_the_line_to_paste(nixie: Run, admin: Admin) -> None:
    nixie("add", "nix@kiln.lan")
    steps = (Step(LOGIN, "bad", "It says no."),)
    stands(admin, BuilderState(one(admin).id, UNFIT, "No.", "ssh-ed25519 AAAA x", KEY, steps))
    said = nixie("show", "kiln.lan").stdout
    assert 'restrict,command="nix-daemon --stdio" ssh-ed25519 AAAA x' in said
    assert "FAILED: It says no." in said
    assert PRINT in said


def test_a_host_key_is_trusted_by_the_fingerprint_that_was_read_there(
    nixie: Run, admin: Admin
) -> None:
    nixie("add", "nix@kiln.lan")
    stands(admin, BuilderState(one(admin).id, shown_key=KEY))
    assert f"which is {PRINT}" in nixie("trust", "kiln.lan", "SHA256:other").stderr
    assert one(admin).host_key == ""
    nixie("trust", "kiln.lan", PRINT)
    assert one(admin).host_key == KEY


def test_a_builder_is_switched(nixie: Run, admin: Admin) -> None:
    nixie("add", "nix@kiln.lan")
    nixie("off", "kiln.lan")
    assert not one(admin).enabled
    nixie("on", "kiln.lan")
    assert one(admin).enabled


def test_a_builder_that_is_not_there_is_refused(nixie: Run) -> None:
    assert "There is no builder kiln" in nixie("try", "kiln").stderr


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("nix@kiln", "kiln", 22), ("nix@kiln:23", "kiln", 23), ("nix@[fd00::5]", "fd00::5", 22)],
)
def test_an_address_is_taken_apart(address: str, host: str, port: int) -> None:
    assert _parts(address) == {"user": "nix", "host": host, "port": port}


@pytest.mark.parametrize("address", ["kiln.lan", "nix@kiln:ssh", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Failed, match="USER@HOST"):
        _parts(address)


def test_what_the_router_can_build_itself_comes_with_the_way_out(nixie: Run, admin: Admin) -> None:
    assert "not found out yet" in nixie("here").stdout
    needs = (Need(OK, "Much memory."), Need(WARN, "Little disk.", "See what can go", "/storage"))
    with closing(writer(admin.state / "build.db", builds.MIGRATIONS)) as own:
        outlooks.foreseen(own, Outlook(outlooks.ROUTER, "has little of something", needs, 0.0), "")
    said = nixie("here").stdout.splitlines()
    assert said == ["OK   Much memory.", "WARN Little disk. (See what can go.)"]

"""`nixie public-name` against a running admin."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.store.reads import Reads
from tests.webui.conftest import Admin, admin
from tests.webui.memory import remembering

__all__ = ("admin",)
Run = Callable[..., Result]
NAME = "home.example.org"
DYN = ("add", NAME, "dyn", "user=lena")


@pytest.fixture
def nixie(admin: Admin) -> Run:
    def run(*words: str, **more: str) -> Result:
        with remembering(admin.state, "notice", [True]):
            return CliRunner().invoke(
                app,
                ["public-name", *words, "--state", str(admin.state)],
                input=more.get("input"),
            )

    return run


def test_a_name_goes_in_and_out(nixie: Run) -> None:
    assert nixie(*DYN, input="canary\n").exit_code == 0
    said = nixie("list").stdout
    assert NAME in said
    assert "canary" not in said
    assert nixie("remove", NAME).exit_code == 0
    assert "No name on the internet follows" in nixie("list").stdout


def test_a_setting_is_changed_alone(nixie: Run, admin: Admin) -> None:
    nixie(*DYN, input="canary\n")
    assert nixie("change", NAME, "publishes=ipv4").exit_code == 0
    (one,) = Reads(admin.state).public_names()
    assert (one.settings["publishes"], one.settings["user"]) == ("ipv4", "lena")


def test_what_is_no_setting_is_refused(nixie: Run) -> None:
    told = nixie("add", NAME, "dyn", "lena", input="canary\n")
    assert (told.exit_code, "NAME=VALUE" in told.stderr) == (1, True)


def test_a_name_that_is_not_there_is_refused(nixie: Run) -> None:
    assert f"{NAME} does not follow this router" in nixie("publish", NAME).stderr

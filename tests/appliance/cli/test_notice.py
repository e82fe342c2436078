"""`nixie notice` and what else came with it, against a running admin."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.store.reads import Reads
from tests.webui.conftest import Admin, admin
from tests.webui.memory import remembering
from tests.webui.pages.test_drops import DROP
from tests.webui.pages.test_traces import FLOW, PACKET

__all__ = ("admin",)
Run = Callable[..., Result]
HOOK = ("add", "webhook", "hook", "url=https://hooks.example/router", "--topic", "internet")


@pytest.fixture
def nixie(admin: Admin) -> Run:
    def run(*words: str, **more: str) -> Result:
        return CliRunner().invoke(
            app, [*words, "--state", str(admin.state)], input=more.get("input")
        )

    return run


def test_a_channel_goes_in_and_out(nixie: Run) -> None:
    assert nixie("notice", *HOOK).exit_code == 0
    assert "hook" in nixie("notice", "list").stdout
    assert nixie("notice", "remove", "hook").exit_code == 0
    assert "Nobody is told of anything." in nixie("notice", "list").stdout


def test_what_is_no_setting_is_refused(nixie: Run) -> None:
    told = nixie("notice", "add", "webhook", "hook", "https", "--topic", "internet")
    assert (told.exit_code, "NAME=VALUE" in told.stderr) == (1, True)


def test_a_channel_that_is_not_there_is_refused(nixie: Run) -> None:
    assert "There is no channel nobody" in nixie("notice", "test", "nobody").stderr


def test_a_secret_is_asked_for(nixie: Run, admin: Admin) -> None:
    with remembering(admin.state, "notice", [True]) as asked:
        assert nixie("notice", *HOOK, "--secret", input="canary\n").exit_code == 0
    (channel,) = Reads(admin.state).channels()
    assert asked == [{"of": channel.id, "secret": "canary"}]


def test_questions_are_switched_on(nixie: Run) -> None:
    assert "Nothing is put down" in nixie("dns", "questions").stdout
    assert nixie("dns", "questions", "--minutes", "5").exit_code == 0
    assert json.loads(nixie("dns", "questions", "--json").stdout)["until"] > 0
    assert nixie("dns", "questions", "--forget").exit_code == 0


def test_what_was_held_back_is_listed(nixie: Run, admin: Admin) -> None:
    with remembering(admin.state, "net", [DROP]):
        said = nixie("firewall", "drops").stdout
    assert "forward-lan-refused" in said
    assert "tcp 443" in said


def test_a_conversation_is_watched(nixie: Run, admin: Admin) -> None:
    refused = nixie("firewall", "trace", "lan", "internet", "tcp", "443")
    assert "No configuration is in force yet" in refused.stderr
    assert "Nothing was watched." in nixie("firewall", "trace").stdout
    assert nixie("firewall", "trace", "--stop").exit_code == 0
    told = {"wish": "w", "flow": FLOW.fields(), "until": 0.0, "over": True, "problem": ""}
    with remembering(admin.state, "net", [{**told, "packets": [PACKET]}]):
        said = nixie("firewall", "trace").stdout
    assert "forward-lan-refused" in said
    assert "blocked" in said

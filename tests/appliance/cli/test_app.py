"""The command line against a running admin, over its own socket."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from tests.appliance.actions.test_sources import HOST_KEY, KEY
from tests.webui.conftest import Admin, admin, judged, serving

__all__ = ("admin", "judged", "serving")

MAC = "52:54:00:12:34:56"


@pytest.fixture
def nixie(admin: Admin) -> Callable[..., Result]:
    def run(*words: str, **more: str) -> Result:
        return CliRunner().invoke(
            app, [*words, "--state", str(admin.state)], input=more.get("input")
        )

    return run


Run = Callable[..., Result]


def test_status_is_a_look_at_the_router(nixie: Run) -> None:
    told = nixie("status")
    assert told.exit_code == 0
    assert "not yet: open the admin" in told.stdout


def test_json_is_for_scripts(nixie: Run) -> None:
    told = nixie("status", "--json")
    assert json.loads(told.stdout)["machines"] == 0


def test_a_refusal_ends_with_1_and_its_sentence(nixie: Run) -> None:
    told = nixie("source", "add", "owner/hosts")
    assert told.exit_code == 1
    assert told.stderr == (
        "url: The kind of address is missing. Write github:owner/hosts if it lies on GitHub.\n"
    )


def test_what_is_not_there_ends_with_3(nixie: Run) -> None:
    assert nixie("source", "remove", "nothing").exit_code == 3


def test_without_a_router_it_ends_with_4(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    told = CliRunner().invoke(app, ["status", "--state", str(empty)])
    assert told.exit_code == 4
    assert "Name its state directory with --state" in told.stderr


def test_a_source_goes_in_and_out(nixie: Run) -> None:
    assert nixie("source", "add", "github:owner/hosts", "--trust", "stranger").exit_code == 0
    assert "github:owner/hosts" in nixie("source", "list").stdout
    assert nixie("source", "edit", "hosts", "--interval", "0").exit_code == 0
    shown = json.loads(nixie("source", "show", "hosts", "--json").stdout)
    assert (shown["trust"], shown["interval_seconds"]) == ("stranger", 0)
    assert nixie("source", "remove", "hosts").exit_code == 0
    assert nixie("change", "undo").stdout == "Taken back: hosts is removed.\n"


def test_waiting_for_a_source_ends_with_6_when_time_is_up(nixie: Run) -> None:
    told = nixie("source", "add", "github:owner/hosts", "--wait", "--timeout", "0")
    assert told.exit_code == 6


def test_waiting_for_an_unreadable_source_ends_with_5(
    nixie: Run, admin: Admin, judged: Callable[[str, str], str]
) -> None:
    nixie("source", "add", "github:owner/hosts")
    shown = json.loads(nixie("source", "show", "hosts", "--json").stdout)
    judged(shown["id"], "ember")
    with sqlite3.connect(admin.state / "build.db") as connection:
        connection.execute(
            "INSERT INTO source_state (source, state, what, checked_at)"
            " VALUES (?, 'unreadable', 'There is no such repository.', 1)",
            (shown["id"],),
        )
    connection.close()
    nixie("source", "remove", "hosts")
    nixie("change", "undo")
    told = nixie("source", "refresh", "hosts", "--wait", "--timeout", "0")
    assert told.exit_code == 6  # the old answer is not taken for the new one
    assert "unreadable" in told.stderr


def test_a_secret_comes_from_standard_input(nixie: Run, admin: Admin) -> None:
    nixie("source", "add", "github:owner/hosts")
    told = nixie("source", "credential", "hosts", "token", input="canary-123\n")
    assert told.exit_code == 0
    (kept,) = (admin.state / "secrets" / "web" / "sources").iterdir()
    assert json.loads(kept.read_text())["secret"] == "canary-123"


def test_a_host_key_comes_from_a_file(nixie: Run, admin: Admin, tmp_path: Path) -> None:
    scanned, key = tmp_path / "scanned", tmp_path / "key"
    scanned.write_text(f"# example.org:22 SSH-2.0-OpenSSH_9.2\n{HOST_KEY}\n")
    key.write_text(KEY)
    nixie("source", "add", "git+ssh://git@example.org/hosts")
    nixie("source", "credential", "hosts", "ssh-key", "--file", str(key))
    told = nixie("source", "credential", "hosts", "ssh-key", "--known-hosts", str(scanned))
    assert told.exit_code == 0, told.stderr
    newest = max((admin.state / "secrets/web/sources").iterdir())  # named by time-ordered ids
    kept = json.loads(newest.read_text())
    assert (kept["secret"], kept["known_hosts"]) == (f"{KEY}\n", f"{HOST_KEY}\n")


def test_a_machine_is_assigned_by_mac_and_name(
    nixie: Run, judged: Callable[[str, str], str]
) -> None:
    nixie("source", "add", "github:owner/hosts")
    source = json.loads(nixie("source", "show", "hosts", "--json").stdout)["id"]
    judged(source, "ember")
    told = nixie("machine", "assign", MAC, "ember", "--name", "desk-1")
    assert told.exit_code == 0, told.stderr
    assert "desk-1" in nixie("machine", "list").stdout
    assert "ember" in nixie("machine", "show", "desk-1").stdout
    assert nixie("machine", "hold", "desk-1").exit_code == 0
    assert nixie("machine", "release", MAC).exit_code == 0


def test_a_host_is_built_by_name(nixie: Run, judged: Callable[[str, str], str]) -> None:
    nixie("source", "add", "github:owner/hosts")
    source = json.loads(nixie("source", "show", "hosts", "--json").stdout)["id"]
    judged(source, "ember")
    assert nixie("host", "build", "ember").stdout == "ember waits to be built.\n"
    assert nixie("host", "build", "amber").exit_code == 3


def test_a_made_token_alone_is_on_standard_output(nixie: Run) -> None:
    told = nixie("token", "make", "watch")
    assert told.stdout.startswith("nixie_")
    assert len(told.stdout.split()) == 1
    assert "watch" in nixie("token", "list").stdout


def test_a_boot_is_shown_step_by_step(nixie: Run, admin: Admin) -> None:
    from appliance.store import boots
    from appliance.store.open import writer

    connection = writer(admin.state / "boot.db", boots.MIGRATIONS)
    connection.execute(
        "INSERT INTO boot (id, network, mac, firmware, began_at, ended_at, state, name)"
        " VALUES ('b1', 'lan', ?, 'bios', 100, 109.5, 'up', 'ember')",
        (MAC,),
    )
    connection.execute(
        "INSERT INTO step (boot, number, kind, name, began_at, ended_at, bytes, total, status)"
        " VALUES ('b1', 1, 'part', 'bzImage', 104, 106, 20000000, 20000000, 'ok')"
    )
    connection.close()
    told = nixie("boot", "show", "52-54-00-12-34-56", "--wait")
    assert told.exit_code == 0
    assert "+4.00 s  part  bzImage  20 MB  10 MB/s  2.0 s  ok" in told.stdout


def test_a_configuration_is_reviewed_before_it_is_proposed(nixie: Run) -> None:
    network = {"name": "lan", "bridge": "br-lan", "ports": [], "address": "10.77.0.1/24"}
    config = json.dumps({"networks": [network]})
    assert "The network lan has the address" in nixie("change", "review", "-", input=config).stdout
    assert nixie("change", "propose", "-", "--base", "0", input=config).exit_code == 0
    assert nixie("change", "propose", "-", "--base", "0", input=config).exit_code == 1
    assert nixie("change", "propose", "-", input="{").exit_code == 1

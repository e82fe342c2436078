"""The command line against a running admin, over its own socket."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.events import BuildEnded, BuildQueued, Event, WishRefused
from appliance.store import boots, builds, journal
from appliance.store.open import writer
from tests.appliance.actions.test_sources import HOST_KEY, KEY
from tests.webui.conftest import PASSWORD, Admin, admin, judged, serving

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


def test_a_password_is_changed_from_standard_input(nixie: Run, admin: Admin) -> None:
    admin.claim()
    told = nixie("password", input=f"{PASSWORD}\nquite another phrase\n")
    assert told.stdout == "The password is changed. Other browsers have to sign in again.\n"
    again = nixie("password", "owner", input=f"{PASSWORD}\nsome third phrase\n")
    assert again.exit_code == 1
    assert again.stderr == "old: This is not the password so far. Type it again.\n"


def test_one_line_is_no_change_of_the_password(nixie: Run) -> None:
    told = nixie("password", input="alone\n")
    assert told.exit_code == 1
    assert "Two lines are read" in told.stderr


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
    assert "+4.00 s  part  bzImage  19 MiB  10 MB/s  2.0 s  ok" in told.stdout


def test_a_boot_that_fell_short_shows_what_was_seen(nixie: Run, admin: Admin) -> None:
    with closing(writer(admin.state / "boot.db", boots.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT INTO boot (id, network, mac, firmware, began_at, ended_at, state, diagnosis)"
            " VALUES ('b1', 'lan', ?, 'pxe-arm64', 100, 109.5, 'short', 'unknown-arch')",
            (MAC,),
        )
        connection.execute(
            "INSERT INTO step (boot, number, kind, name, began_at, status, detail)"
            " VALUES ('b1', 1, 'dhcp', 'NOTHING', 101, 'refused', ?)",
            (json.dumps({"why": "there is no loader for architecture 5"}),),
        )
    told = nixie("boot", "show", "b1").stdout
    assert "seen     There is no loader for architecture 5." in told
    assert "refused  there is no loader for architecture 5" in told


def say(admin: Admin, *events: Event, at: float = 0.0) -> None:
    """Events of build, as it would write them."""
    with closing(writer(admin.state / "build.db", builds.MIGRATIONS)) as connection:
        for event in events:
            journal.append(connection, event, at or time.time())


def test_the_journal_is_a_log(nixie: Run, admin: Admin) -> None:
    say(admin, BuildQueued("b1", "s/ember", "ember"), at=1_795_385_100.0)
    say(admin, BuildEnded("b1", "s/ember", "ember", "failed", "\x1b[2JNo \x07space."))
    told = nixie("journal").stdout.splitlines()
    assert told[0] == "2026-11-22 22:05:00Z  build   ember waits to be built."
    assert told[1].endswith("The build of ember ended: failed. �[2JNo �space.")


def test_the_journal_is_narrowed(nixie: Run, admin: Admin) -> None:
    say(admin, BuildQueued("b1", "s/ember", "ember"), at=time.time() - 7200)
    say(admin, BuildQueued("b2", "s/quench", "quench"))
    found = json.loads(nixie("journal", "--since", "1h", "--json").stdout)
    assert [one["facts"]["name"] for one in found["events"]] == ["quench"]
    assert nixie("journal", "--kind", "PoolEmpty").stdout == "Nothing was said yet.\n"
    assert nixie("journal", "--kind", "Bogus").exit_code == 1
    assert nixie("journal", "--since", "soon").exit_code == 1


FOREGROUND = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('appliance', run_name='__main__')"
)
"""A shell's background job ignores SIGINT, and so does all that it starts, these tests included."""


def test_the_journal_is_followed(admin: Admin) -> None:
    say(admin, BuildQueued("b1", "s/ember", "ember"))
    words = ("journal", "--follow", "--json", "--state", str(admin.state))
    with subprocess.Popen(
        [sys.executable, "-c", FOREGROUND, *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["facts"]["name"] == "ember"
            say(admin, BuildQueued("b2", "s/quench", "quench"))
            assert json.loads(process.stdout.readline())["facts"]["name"] == "quench"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_a_build_that_is_refused_ends_with_its_sentence(
    nixie: Run, admin: Admin, judged: Callable[[str, str], str]
) -> None:
    nixie("source", "add", "github:owner/hosts")
    source = json.loads(nixie("source", "show", "hosts", "--json").stdout)["id"]
    judged(source, "ember")

    def refuse() -> None:
        """What build does when the host waits already."""
        while True:
            with closing(sqlite3.connect(admin.state / "nixie.db")) as connection:
                row = connection.execute("SELECT id FROM wish WHERE kind = 'build'").fetchone()
            if row is not None:
                say(admin, WishRefused(row[0], "ember waits in the queue already."))
                return
            time.sleep(0.05)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(refuse)
        told = nixie("host", "build", "ember")
    assert (told.exit_code, told.stderr) == (1, "ember waits in the queue already.\n")


def test_a_machine_gets_another_mac(nixie: Run) -> None:
    nixie("machine", "add", MAC, "--name", "desk-1")
    told = nixie("machine", "add-mac", "desk-1", "52:54:00:00:00:02", "--network", "lan")
    assert told.stdout == "desk-1 also has the MAC 52:54:00:00:00:02.\n"
    assert "52:54:00:00:00:02 on lan" in nixie("machine", "show", "desk-1").stdout


def test_a_waiting_machine_is_sent_away_by_its_mac(nixie: Run, admin: Admin) -> None:
    with closing(writer(admin.state / "boot.db", boots.MIGRATIONS)) as connection:
        for network in ("lan", "lab"):
            connection.execute(
                "INSERT INTO held (network, mac, code, since, last_asked) VALUES (?, ?, 1, ?, ?)",
                (network, MAC, time.time(), time.time()),
            )
    twice = nixie("machine", "forget", "52-54-00-12-34-56")
    assert (twice.exit_code, "Say --network" in twice.stderr) == (1, True)
    assert "left alone" in nixie("machine", "forget", MAC, "--network", "lan").stdout
    assert nixie("machine", "forget", "52:54:00:00:00:09").exit_code == 3


def test_directories_are_listed(nixie: Run) -> None:
    assert "Allow one" in nixie("source", "directories").stdout
    nixie("source", "allow", "/srv/flakes")
    assert nixie("source", "directories").stdout == "DIRECTORY\n/srv/flakes\n"


def test_the_revisions_of_a_source_are_listed(nixie: Run, admin: Admin) -> None:
    nixie("source", "add", "github:owner/hosts")
    source = json.loads(nixie("source", "show", "hosts", "--json").stdout)["id"]
    with closing(writer(admin.state / "build.db", builds.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT INTO revision (source, locked, rev, nar_hash, last_modified, path, seen_at,"
            " changes) VALUES (?, 'x', '0123456789abcdef', 'x', 1, 'x', 1795385100, ?)",
            (source, json.dumps(["tongs is new."])),
        )
    told = nixie("source", "revisions", "hosts").stdout.splitlines()
    assert told[1] == "2026-11-22 22:05:00Z  0123456789ab  tongs is new."


def test_one_menu_is_shown(nixie: Run, judged: Callable[[str, str], str]) -> None:
    nixie("source", "add", "github:owner/hosts")
    source = json.loads(nixie("source", "show", "hosts", "--json").stdout)["id"]
    judged(source, "ember")
    nixie("menu", "add", "workshop", "ember", "--timeout", "0")
    told = nixie("menu", "show", "workshop").stdout
    assert "hosts            ember" in told
    assert "seconds          for ever" in told


def test_a_configuration_is_reviewed_before_it_is_proposed(nixie: Run) -> None:
    network = {"name": "lan", "bridge": "br-lan", "ports": [], "address": "10.77.0.1/24"}
    config = json.dumps({"networks": [network]})
    assert "The network lan has the address" in nixie("change", "review", "-", input=config).stdout
    assert nixie("change", "propose", "-", "--base", "0", input=config).exit_code == 0
    assert nixie("change", "propose", "-", "--base", "0", input=config).exit_code == 1
    assert nixie("change", "propose", "-", input="{").exit_code == 1


def test_a_first_configuration_is_not_on_trial(nixie: Run) -> None:
    config = json.dumps({"networks": []})
    told = nixie("change", "propose", "-", input=config)
    assert told.stdout == "Revision 1 is the first one: it is kept as soon as it stands.\n"
    assert nixie("change", "list").stdout.splitlines()[1].split()[0] == "1"
    assert json.loads(nixie("change", "show", "1").stdout)["networks"] == []
    assert nixie("change", "show", "2").exit_code == 3


def test_with_no_change_on_trial_there_is_nothing_to_keep(nixie: Run) -> None:
    for word in ("keep", "extend"):
        told = nixie("change", word)
        assert (told.exit_code, told.stderr) == (3, "No change is on trial.\n")


def test_a_trial_has_bounds(nixie: Run) -> None:
    told = nixie("change", "propose", "-", "--seconds", "4", input="{}")
    assert told.exit_code == 1

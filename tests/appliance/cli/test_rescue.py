"""`nixie rescue` over the files of a router whose roles are gone, and against a running admin."""

import json
from contextlib import closing
from dataclasses import asdict, replace
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.model.dns import Dns
from appliance.model.slices import BootNetwork, DnsSlice, Slices
from appliance.store import boots, trials
from appliance.store.open import writer
from appliance.store.standing.open import this_process
from appliance.trial import RESTART
from tests.webui.conftest import PASSWORD, Admin, admin, serving

__all__ = ("admin", "serving")


def rescue(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["rescue", "--state", str(state), *words])


def left_behind(state: Path) -> None:
    """The files of a router that no longer runs."""
    (state / "run").mkdir()
    with closing(writer(state / "net.db", trials.MIGRATIONS)) as connection:
        lan = BootNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"))
        dns = DnsSlice("nixie", "lan", (), Dns())
        trials.publish(connection, Slices(3, (), dns, (lan,)), 1.0)
        port = trials.PortRow("enp2s0", "52:54:00:00:00:01", True, "lan", "pci-0000:02:00.0")
        trials.write_ports(connection, [port], 1.0)
    with closing(writer(state / "boot.db", boots.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT INTO boot (id, network, mac, firmware, began_at, ended_at, state, name,"
            " diagnosis) VALUES ('b1', 'lan', '52:54:00:12:34:56', 'bios', 100, 109, 'short',"
            " 'ember', 'no-loader')"
        )


def test_a_dead_router_is_shown_from_its_files(tmp_path: Path) -> None:
    left_behind(tmp_path)
    told = rescue(tmp_path)
    assert told.exit_code == 0, told.output
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert "admin https://10.77.0.1/" in lines
    assert "configuration revision 3 of 0" in lines
    assert "enp2s0 52:54:00:00:00:01 pci-0000:02:00.0 up lan" in lines
    assert "Nixie does not run: nixie run" in lines
    assert "1970-01-01 00:01:40Z 52:54:00:12:34:56 ember short no-loader" in lines


def test_why_the_last_change_is_not_there_is_said(tmp_path: Path) -> None:
    left_behind(tmp_path)
    assert "last change none yet" in " ".join(rescue(tmp_path).stdout.split())
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as connection:
        row = trials.TrialRow(4, "undone", 1.0, None, "{}", "c", "ada", RESTART, {})
        trials.write_trial(connection, row)
    assert f"last change revision 4: undone. {RESTART}" in " ".join(rescue(tmp_path).stdout.split())
    told = {"revision": 4, "state": "undone", "why": RESTART}
    assert json.loads(rescue(tmp_path, "--json").stdout)["change"] == told


def test_what_the_supervisor_last_said_is_shown(tmp_path: Path) -> None:
    left_behind(tmp_path)
    web = {"state": "failed and is started again soon", "why": "Port 443 is taken.", "problems": {}}
    told = {**asdict(this_process()), "roles": {"web": web}}
    (tmp_path / "run/supervisor.json").write_text(json.dumps(told))
    found = json.loads(rescue(tmp_path, "--json").stdout)
    assert found["troubles"] == ["web does not run. Port 443 is taken."]
    assert found["processes"][0]["name"] == "web"


def test_after_a_power_cut_no_process_is_said_to_run(tmp_path: Path) -> None:
    left_behind(tmp_path)
    web = {"state": "runs", "why": "", "problems": {}}
    told = {**asdict(replace(this_process(), boot="before")), "roles": {"web": web}}
    (tmp_path / "run/supervisor.json").write_text(json.dumps(told))
    shown = rescue(tmp_path).stdout
    assert "web" in shown
    assert "has ended" in shown
    assert "runs" not in shown
    assert "Start nixie again." in shown


def test_an_open_claim_shows_its_code(tmp_path: Path) -> None:
    left_behind(tmp_path)
    (tmp_path / "secrets/web").mkdir(parents=True)
    (tmp_path / "secrets/web/claim").write_text("K7WD-29QF\n")
    assert "nobody yet; the claim code is K7WD-29QF" in rescue(tmp_path).stdout


def test_where_no_router_was_it_ends_with_4(tmp_path: Path) -> None:
    told = rescue(tmp_path)
    assert told.exit_code == 4
    assert told.stderr.startswith(f"No router has started in {tmp_path}.")


def test_a_lost_password_is_replaced_at_the_console(admin: Admin) -> None:
    admin.claim()
    told = rescue(admin.state, "--new-owner", "--json")
    assert told.exit_code == 0, told.output
    new = {"code": json.loads(told.stdout)["code"], "password": "four other words here"}
    with admin.client(**{"sec-fetch-site": "same-origin"}) as client:
        old = {"name": "owner", "password": PASSWORD}
        assert client.post("/login", data=old).status_code == 422
        assert client.post("/api/v1/claim", json=new).status_code == 201


def test_a_lost_password_is_replaced_with_every_role_down(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    state = tmp_path_factory.mktemp("down")
    with serving(state) as port:
        Admin(f"http://127.0.0.1:{port}", state).claim()
    code = json.loads(rescue(state, "--new-owner", "--json").stdout)["code"]
    assert f"the claim code is {code}" in rescue(state).stdout


def test_where_no_router_was_there_is_no_new_owner(tmp_path: Path) -> None:
    told = rescue(tmp_path, "--new-owner")
    assert told.exit_code == 4
    assert told.stderr.startswith(f"No router has started in {tmp_path}.")
    assert list(tmp_path.iterdir()) == []

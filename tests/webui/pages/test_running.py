from contextlib import closing

from appliance.actions.generations import served_now
from appliance.store import boots, running
from appliance.store.open import writer
from appliance.store.running import RunningRow
from tests.webui.pages.conftest import Home


def page(home: Home, *, by: int = 0, toplevel: str = "/nix/store/a") -> str:
    """The page of a machine whose newest boot phoned home with a generation `by` older."""
    machine = next(one for one in home.desk.reads.machines() if one.name == "ember")
    macs = {mac for _, mac in machine.macs}
    boot = next(one for one in home.desk.reads.newest_boots() if one.mac in macs)
    (first,) = served_now(home.desk.reads, machine.host).values()
    row = RunningRow(
        boot.network,
        boot.mac,
        boot.id,
        first.host,
        first.number - by,
        "/nix/store/a",
        toplevel,
        home.desk.now() - 120,
        "",
    )
    with closing(writer(home.state / "boot.db", boots.MIGRATIONS)) as file:
        running.save(file, row)
    return home.get(f"/machines/{machine.id}")


def machine_host(home: Home) -> str:
    machine = next(one for one in home.desk.reads.machines() if one.name == "ember")
    return str(machine.host).rpartition("/")[2]


def test_a_machine_that_runs_what_it_would_get_is_in_sync(lived_in: Home) -> None:
    assert "In sync: it runs generation" in page(lived_in)


def test_a_machine_that_booted_before_is_behind(lived_in: Home) -> None:
    html = page(lived_in, by=1)
    assert "Behind by 1: it runs generation" in html
    assert "Its next boot brings that, unless you pin what it runs." in html


def test_what_a_machine_runs_can_be_made_what_is_served(lived_in: Home) -> None:
    html = page(lived_in, by=1)
    machine = next(one for one in lived_in.desk.reads.machines() if one.name == "ember")
    (first,) = served_now(lived_in.desk.reads, machine.host).values()
    assert f'action="/hosts/{machine.host}/pin"' in html
    assert f'name="number" value="{first.number - 1}"' in html


def test_a_machine_that_was_switched_by_hand_has_what_to_do(lived_in: Home) -> None:
    html = page(lived_in, toplevel="/nix/store/b")
    assert "Drifted by hand" in html
    assert "push the flake it was built from" in html
    assert f"nixie host push .#{machine_host(lived_in)} --to " in html
    assert "/pin" not in html
    assert "/nix/store/b" in html

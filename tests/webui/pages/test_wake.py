from contextlib import closing

from appliance.model.wake import WAKE_SECONDS
from appliance.store import boots, wakes
from appliance.store.open import writer
from appliance.store.wakes import WakeRow
from tests.webui.pages.conftest import Home

MACHINE = "anvil-machine"


def at(home: Home) -> float:
    return home.desk.now()


def page(home: Home, row: WakeRow) -> str:
    with closing(writer(home.state / "boot.db", boots.MIGRATIONS)) as file:
        wakes.save(file, row)
    return home.get(f"/machines/{row.machine}")


def test_the_button_asks_for_the_packet(lived_in: Home) -> None:
    html = lived_in.post(f"/machines/{lived_in.ids[MACHINE]}/wake")
    assert "is sent the packet that wakes it." in html


def test_a_packet_that_is_on_its_way_is_said(lived_in: Home) -> None:
    html = page(lived_in, WakeRow(lived_in.ids[MACHINE], at(lived_in) - 3, ("lan",)))
    assert "on lan, and has not come yet." in html


def test_a_machine_that_did_not_come_has_what_it_may_be(lived_in: Home) -> None:
    html = page(lived_in, WakeRow(lived_in.ids[MACHINE], at(lived_in) - WAKE_SECONDS - 9, ("lan",)))
    assert "on lan, and did not come." in html
    assert "Wake on LAN is switched off in its firmware." in html


def test_a_packet_that_was_not_sent_says_why(lived_in: Home) -> None:
    html = page(
        lived_in, WakeRow(lived_in.ids[MACHINE], at(lived_in) - 9, (), "It has no network card.")
    )
    assert "It could not be woken" in html
    assert "It has no network card." in html


def test_after_a_day_nobody_is_told(lived_in: Home) -> None:
    html = page(lived_in, WakeRow(lived_in.ids[MACHINE], at(lived_in) - 25 * 3600, ("lan",)))
    assert 'id="woken"' not in html

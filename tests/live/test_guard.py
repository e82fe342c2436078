"""The guard against being the rogue server, between namespaces, beside a real one."""

import sys
import time

import pytest

from appliance.events import EarLost, ForeignBootServer, ForeignServer
from tests.live.dhcp_place import Place, dnsmasq, foreign, place, told
from tests.live.namespaces import Namespace
from tests.live.waiting import quickest, until

pytestmark = pytest.mark.live
__all__ = ["foreign", "place"]


def answered(place: Place) -> None:
    """Wait until the guard let somebody have an address of ours."""
    until(lambda: place.ask("exchanges", "1") == ["10.77.1.0"], "the role answers")


def test_beside_a_foreign_server_nobody_gets_an_address_from_us(
    place: Place, foreign: Namespace
) -> None:
    dnsmasq(place, foreign)
    place.start()

    def given() -> set[str]:
        """What clients got: dnsmasq pings for each in turn, some give up."""
        return set(place.ask("silence", "6")) - {"none"}

    assert all(one.startswith("10.77.250.") for one in until(given, "somebody is given an address"))
    (event,) = told(place, ForeignServer)
    card = foreign.run("cat", "/sys/class/net/lan0/address").strip()
    assert (event.server, event.mac) == ("10.77.0.250", card)
    assert event.offers.startswith("10.77.250.")
    assert event.offers.endswith("/16")
    assert [one.event for one in place.troubles()] == [event]
    assert place.leases() == {}


def test_a_foreign_server_is_remembered_over_a_restart(place: Place, foreign: Namespace) -> None:
    other = dnsmasq(place, foreign)
    place.start()
    told(place, ForeignServer)
    other.kill()
    place.kill()
    place.start()
    time.sleep(8)
    assert place.ask("silence", "1") == ["none"]


def test_a_foreign_server_is_heard_though_another_program_has_port_68(
    place: Place, foreign: Namespace
) -> None:
    place.router.start(sys.executable, "-c", HOLD_68)
    dnsmasq(place, foreign)
    place.start()
    told(place, ForeignServer)


HOLD_68 = """
import socket, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(("", 68))
time.sleep(600)
"""


def test_a_foreign_server_is_heard_after_our_link_was_down(
    place: Place, foreign: Namespace
) -> None:
    place.start()
    answered(place)
    place.router.run("ip", "link", "set", "lan0", "down")
    time.sleep(3)
    dnsmasq(place, foreign)
    place.router.run("ip", "link", "set", "lan0", "up")
    told(place, ForeignServer)


def test_g14_a_foreign_proxy_is_found_before_any_machine_boots(
    place: Place, foreign: Namespace
) -> None:
    dnsmasq(place, foreign, "--dhcp-range=10.77.0.0,proxy", "--pxe-service=X86-64_EFI,Boot,x.efi")
    place.start()
    (event,) = told(place, ForeignBootServer)
    assert (event.server, event.what) == ("10.77.0.250", "option 60")
    answered(place)


def test_an_alone_server_begins_to_answer_by_itself(place: Place) -> None:
    began = time.monotonic()
    place.start()
    answered(place)
    assert time.monotonic() - began > 5
    assert place.troubles() == []


def test_after_a_crash_new_clients_are_answered_at_once(place: Place) -> None:
    place.start()
    answered(place)

    def seconds() -> float:
        place.kill()
        place.start()
        started = time.monotonic()
        assert "none" not in place.ask("exchanges", "3")
        return time.monotonic() - started

    assert quickest(seconds, 3) < 3


def test_who_has_no_ear_answers_nobody(place: Place) -> None:
    place.start(before=("setpriv", "--bounding-set", "-net_raw"))
    (event,) = told(place, EarLost)
    assert event.why == "lan0 cannot be listened on (Operation not permitted)."
    time.sleep(8)
    assert place.ask("silence", "1") == ["none"]
    assert [one.event for one in place.troubles()] == [event]

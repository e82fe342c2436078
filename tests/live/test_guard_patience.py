"""How long the guard waits for a foreign server that stopped answering."""

import time

import pytest

from appliance.events import ForeignServer, ForeignServerGone
from tests.live.dhcp_place import Place, dnsmasq, foreign, place, told
from tests.live.namespaces import Namespace
from tests.live.waiting import until

pytestmark = pytest.mark.soak
__all__ = ["foreign", "place"]


def test_after_three_minutes_of_silence_a_foreign_server_is_gone(
    place: Place, foreign: Namespace
) -> None:
    other = dnsmasq(place, foreign)
    place.start()
    told(place, ForeignServer)
    other.kill()
    gone = ForeignServerGone("lan", "10.77.0.250")
    began = time.monotonic()
    until(lambda: gone in place.events(), "the foreign server is gone", seconds=240)
    assert time.monotonic() - began > 170
    assert place.ask("exchanges", "1") == ["10.77.1.0"]
    assert place.troubles() == []

"""What a conversation is that was typed in."""

from dataclasses import replace
from typing import Any

import pytest

from appliance.actions import changes, traces
from appliance.actions.desk import Desk
from appliance.actions.traces import Typed
from appliance.errors import Refused
from appliance.model.read import to_json
from appliance.model.trace import Flow, flow_from
from tests.appliance.actions.conftest import OWNER
from tests.appliance.model.firewall_home import HOME, NAS

TYPED = Typed("lan", "", "internet", "", "tcp", 443)


@pytest.fixture
def router(desk: Desk) -> Desk:
    changes.begin(desk, None)
    changes.propose_revision(desk, OWNER, to_json(HOME))
    return desk


def wished(desk: Desk, **typed: Any) -> Flow:
    done = traces.trace(desk, OWNER, replace(TYPED, **typed))
    assert done.wish
    wish = desk.reads.wish(done.wish)
    assert wish
    assert (wish.role, wish.kind) == ("net", "trace")
    assert float(wish.body["until"]) == wish.at + 60.0
    return flow_from(wish.body)


def test_anybody_is_nobody_in_particular(router: Desk) -> None:
    assert wished(router) == Flow("lan", (), "internet", (), "tcp", 443)


def test_a_device_sends_by_its_card(router: Desk) -> None:
    assert wished(router, sender="nas").senders == (NAS.mac,)


def test_an_address_sends_as_that(router: Desk) -> None:
    assert wished(router, sender="10.77.0.5").senders == ("10.77.0.5",)


def test_a_card_is_written_in_one_way(router: Desk) -> None:
    assert wished(router, sender="52-54-00-AA-00-01").senders == ("52:54:00:aa:00:01",)


def test_a_device_is_asked_by_its_addresses(router: Desk) -> None:
    assert wished(router, receiver="nas").receivers == ("10.77.0.5",)


def test_a_ping_has_no_port(router: Desk) -> None:
    assert wished(router, protocol="icmp").port is None


def test_a_card_meets_both_families(router: Desk) -> None:
    assert wished(router, sender="nas", receiver="2001:db8::1").receivers == ("2001:db8::1",)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"source": "cellar"}, "source", "Choose one of lan, visitors, internet."),
        ({"source": "router"}, "source", "Choose one of"),
        ({"destination": "cellar"}, "destination", "Choose one of"),
        ({"protocol": "sctp"}, "protocol", "Choose one of tcp, udp, icmp."),
        ({"port": None}, "port", "Write the port"),
        ({"port": 70_000}, "port", "Write the port"),
        ({"sender": "ghost"}, "sender", "is no device with a fixed address, and no address."),
        ({"receiver": "ghost"}, "receiver", "is no device with a fixed address, and no address."),
        ({"receiver": "52:54:00:aa:00:01"}, "receiver", "was not seen with an address yet"),
        ({"sender": "10.77.0.9", "receiver": "fd99::1"}, "receiver", "IPv4 and IPv6 do not meet"),
    ],
)
def test_what_cannot_be_read_says_where(
    router: Desk, typed: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence) as refused:
        traces.trace(router, OWNER, replace(TYPED, **typed))
    (one,) = refused.value.problems
    assert one.where == (field,)


def test_before_a_configuration_is_in_force_there_is_nothing_to_trace(desk: Desk) -> None:
    with pytest.raises(Refused, match="No configuration is in force yet"):
        traces.trace(desk, OWNER, TYPED)


def test_stopping_is_a_wish_that_is_over(router: Desk) -> None:
    done = traces.stop(router, OWNER)
    assert done.wish
    wish = router.reads.wish(done.wish)
    assert wish
    assert wish.body["until"] == "0"

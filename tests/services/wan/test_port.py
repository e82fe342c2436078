"""The internet's port: how it stands, and what it asks."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from appliance.model.slices import WanSlice
from appliance.model.way import Lease, Stand
from services.dhcp.wire import DISCOVER, decode
from services.wan.lease import Ask, Say
from services.wan.port import Port

MAC = bytes.fromhex("525400000001")
OWN, GATEWAY = IPv4Interface("203.0.113.5/24"), IPv4Address("203.0.113.1")
LANS = (("lan", IPv4Network("10.77.0.0/24")),)
LEASE = Lease(OWN, GATEWAY, gateways=(GATEWAY,), lease_seconds=100)


def static() -> Port:
    return Port(WanSlice("up0", OWN, GATEWAY, LANS), MAC, lambda: 1, 0.0)


def dhcp(held: tuple[Lease, float] | None = None) -> Port:
    return Port(WanSlice("up0", lans=LANS), MAC, lambda: 1, 0.0, held)


def test_a_port_without_a_cable_says_so() -> None:
    port = dhcp()
    assert port.look(0.0, connected=False) == ()
    assert port.stand(4.0) == (Stand.ASKING, "")  # its card may have been switched on just now
    assert port.stand(5.0) == (
        Stand.NO_CABLE,
        "there is no cable in up0, or nobody at its other end.",
    )


def test_a_plugged_port_asks_for_an_address() -> None:
    (act,) = dhcp().look(0.0, connected=True)
    assert isinstance(act, Say)
    assert decode(act.payload).kind == DISCOVER


def test_twenty_seconds_without_an_answer_are_told() -> None:
    port = dhcp()
    port.look(0.0, connected=True)
    assert port.stand(19.0) == (Stand.ASKING, "")
    assert port.stand(20.0) == (Stand.UNANSWERED, "no answer to DHCP on up0 for 20 s.")


def test_an_address_on_paper_asks_for_its_gateway_only() -> None:
    port = static()
    assert port.look(0.0, connected=True) == (Ask(GATEWAY, OWN.ip),)
    assert port.stand(0.0) == (Stand.LISTENING, "")
    port.has(GATEWAY, 0.01)
    assert port.stand(0.1) == (Stand.ONLINE, "")
    assert port.gauge.milliseconds == 10.0


def test_a_gateway_that_falls_silent_is_told() -> None:
    port = static()
    for now in range(6):
        port.look(float(now), connected=True)
    assert port.stand(6.0) == (
        Stand.SILENT,
        "the gateway 203.0.113.1 does not answer on up0.",
    )


def test_somebody_elses_address_is_no_gateways_answer() -> None:
    port = static()
    port.look(0.0, connected=True)
    port.has(IPv4Address("203.0.113.77"), 0.01)
    assert port.gauge.heard is None


def test_a_lease_from_before_is_held_at_once() -> None:
    port = dhcp((LEASE, -10.0))
    acts = port.look(0.0, connected=True)
    assert (port.address, port.gateway) == (OWN, GATEWAY)
    assert Ask(GATEWAY, OWN.ip) in acts


def test_a_lease_from_before_that_overlaps_a_new_lan_is_not_held() -> None:
    slice_ = WanSlice("up0", lans=(("guest", IPv4Network("203.0.0.0/16")),))
    port = Port(slice_, MAC, lambda: 1, 0.0, (LEASE, -10.0))
    port.look(0.0, connected=True)
    assert port.address is None
    stand, why = port.stand(0.0)
    assert stand is Stand.REFUSED
    assert "203.0.113.0/24 overlaps guest, which has 203.0.0.0/16" in why

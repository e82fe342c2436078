from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from appliance.model.slices import PppoeSlice, WanSlice
from appliance.model.way import Stand
from services.pppoe.report import Over, Report, Up
from services.wan.session import Session

UP = Up(IPv4Address("203.0.113.5"), IPv4Address("203.0.113.1"), (IPv4Address("192.0.2.53"),), 7.0)
SLICE = WanSlice(
    "ppp-wan",
    lans=(("lan", IPv4Network("10.77.0.0/24")),),
    pppoe=PppoeSlice("wan0", "ada@isp", "s", "", 1492),
)


def after(
    *reports: Report | None, at: float = 10.0, able: bool = True, connected: bool = True
) -> Session:
    session = Session(SLICE, 0.0, able=able)
    for one in reports:
        session.look(one, at, connected=connected)
    return session


def test_a_session_is_the_way_out() -> None:
    session = after(UP)
    assert session.stand(10.0) == (Stand.ONLINE, "")
    lease = session.lease
    assert lease
    assert (str(lease.address), str(lease.gateway), lease.mtu) == (
        "203.0.113.5/32",
        "203.0.113.1",
        1492,
    )
    assert session.taken_at == 7.0


def test_a_provider_may_want_smaller_packets() -> None:
    lease = after(replace(UP, mtu=1454)).lease
    assert lease
    assert lease.mtu == 1454


@pytest.mark.parametrize(
    ("code", "stand", "words"),
    [
        (4, Stand.UNABLE, "this kernel has no PPPoE"),
        (5, Stand.ASKING, ""),
        (8, Stand.UNANSWERED, "no PPPoE server answers on wan0"),
        (10, Stand.UNANSWERED, "do not come to terms"),
        (15, Stand.SILENT, "fell silent"),
        (16, Stand.SILENT, "the provider ended the PPPoE session"),
        (19, Stand.DENIED, "does not accept the user name ada@isp"),
    ],
)
def test_how_it_ended_is_told(code: int, stand: Stand, words: str) -> None:
    found, why = after(Over(code)).stand(11.0)
    assert found is stand
    assert words in why


def test_silence_is_no_worry_at_first() -> None:
    session = after(None)
    assert session.stand(29.0)[0] is Stand.ASKING
    assert session.stand(31.0)[0] is Stand.UNANSWERED


def test_a_session_that_went_is_asked_for_anew() -> None:
    session = after(UP, None, at=100.0)
    assert session.lease is None
    assert session.stand(101.0)[0] is Stand.ASKING


def test_without_a_cable_nobody_is_blamed() -> None:
    stand, why = after(Over(8), connected=False).stand(10.0)
    assert stand is Stand.NO_CABLE
    assert "wan0" in why


def test_a_kernel_without_ppp_is_told_at_once() -> None:
    assert after(None, able=False).stand(0.5)[0] is Stand.UNABLE


def test_an_address_of_our_own_lan_is_refused() -> None:
    session = after(Up(IPv4Address("10.77.0.9"), IPv4Address("10.77.0.1")))
    stand, why = session.stand(10.0)
    assert stand is Stand.REFUSED
    assert "10.77.0.9, which is in your network lan" in why
    assert session.lease is None

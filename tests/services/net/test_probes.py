from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.wan import Wan
from services.net.probes import (
    Found,
    Kind,
    gateway,
    is_neighbour,
    name_answer,
    name_query,
    probes,
    world_answer,
)

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
LAB = replace(LAN, name="lab", bridge="br-lab", address=IPv4Interface("10.78.0.1/24"), dhcp=None)
QUERY = name_query("nixie.lan", 1, 7)


def test_every_network_is_asked_for_what_it_serves() -> None:
    asked = [(one.name, one.kind) for one in probes(RouterConfig((LAN, LAB)))]
    assert asked == [
        ("Names on lan", Kind.NAME),
        ("lan hands out addresses", Kind.OFFER),
        ("The admin at 10.77.0.1", Kind.ADMIN),
        ("Names on lab", Kind.NAME),
        ("The admin at 10.78.0.1", Kind.ADMIN),
    ]


def test_with_a_way_out_the_internet_is_asked_first() -> None:
    asked = [one.kind for one in probes(RouterConfig((LAN,), wan=Wan("up0")))]
    assert asked[:2] == [Kind.GATEWAY, Kind.WORLD]


def test_a_router_without_networks_asks_nobody() -> None:
    assert probes(RouterConfig(())) == ()


def reply(code: int, answers: int) -> bytes:
    return QUERY[:2] + bytes((0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0)) + QUERY[12:]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (reply(0, 1), Found(ok=True, figure="2 ms")),
        (reply(2, 0), Found(ok=False, figure="nobody could answer")),
        (reply(5, 0), Found(ok=False, figure="refused")),
        (reply(9, 0), Found(ok=False, figure="refused with code 9")),
        (reply(0, 0), Found(ok=False, figure="an empty answer")),
        (b"\0\0" + reply(0, 1)[2:], Found(ok=False, figure="another answer")),
        (b"", Found(ok=False, figure="another answer")),
    ],
)
def test_an_answer_is_worth_what_it_says(said: bytes, found: Found) -> None:
    assert name_answer(QUERY, said, 0.002) == found


@pytest.mark.parametrize(
    ("code", "answers", "found"),
    [
        (0, 1, Found(ok=True, figure="2 ms")),
        (0, 0, Found(ok=None, figure="an empty answer")),
        (2, 0, Found(ok=False, figure="nobody could answer")),
        (5, 0, Found(ok=None, figure="refused")),
    ],
)
def test_who_will_not_tell_the_root_may_know_names(code: int, answers: int, found: Found) -> None:
    query = name_query("", 2, 7)
    said = query[:2] + bytes((0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0)) + query[12:]
    assert world_answer(query, said, 0.002) == found


def test_somebody_elses_answer_says_nothing_of_the_world() -> None:
    query = name_query("", 2, 7)
    assert world_answer(query, b"\0\1" + query[2:], 0.002).ok is False


def test_a_route_over_another_link_is_no_gateway() -> None:
    assert gateway("head\nup1 00000000 010200C0 0003\n", "up0") is None


def test_a_route_without_a_gateway_is_none() -> None:
    assert gateway("head\nppp0 00000000 00000000 0001\n", "ppp0") is None


def test_a_neighbour_that_did_not_answer_is_none() -> None:
    row = "192.0.2.1 0x1 0x0 00:00:00:00:00:00 * up0"
    assert not is_neighbour(f"head\n{row}\n", IPv4Address("192.0.2.1"), "up0")

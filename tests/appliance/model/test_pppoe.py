"""The way out by PPPoE: what is checked, what is said, what leaves the router in a file."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.check import problems
from appliance.model.compare import differences
from appliance.model.config import Network, RouterConfig
from appliance.model.exchange import exported, imported
from appliance.model.pppoe import Pppoe
from appliance.model.read import config
from appliance.model.wan import StaticAddress, Wan

SESSION = Pppoe("ada@isp.test", "0198-1")
LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
CONFIG = RouterConfig((LAN,), Wan("eth0", pppoe=SESSION))
PAPER = StaticAddress(IPv4Interface("203.0.113.7/24"), IPv4Address("203.0.113.1"))


def with_wan(wan: Wan) -> RouterConfig:
    return replace(CONFIG, wan=wan)


def test_the_internet_is_on_the_sessions_own_link() -> None:
    assert CONFIG.wan
    assert (CONFIG.wan.link, CONFIG.wan.cable) == ("ppp-wan", "eth0")
    assert Wan("eth0").link == "eth0"


def test_packets_leave_room_for_the_session() -> None:
    assert Wan("eth0", pppoe=SESSION).packet == 1492
    assert Wan("eth0", pppoe=SESSION, mtu=1454).packet == 1454
    assert Wan("eth0").packet is None


@pytest.mark.parametrize(
    ("wan", "place"),
    [
        (Wan("eth0", pppoe=Pppoe("ada@isp.test")), ("wan", "pppoe", "password")),
        (Wan("eth0", static=PAPER, pppoe=SESSION), ("wan", "static")),
        (Wan("eth0", mtu=1501, pppoe=SESSION), ("wan", "mtu")),
        (Wan("ppp-wan"), ("wan", "port")),
    ],
)
def test_what_cannot_work_has_its_place(wan: Wan, place: tuple[str, ...]) -> None:
    assert [one.where for one in problems(with_wan(wan))] == [place]


def test_a_session_that_can_work_has_no_problem() -> None:
    assert problems(CONFIG) == ()
    assert problems(with_wan(Wan("eth0", mtu=1500, pppoe=SESSION))) == ()


def test_the_way_out_is_said_with_the_name() -> None:
    said = differences(with_wan(Wan("eth0")), CONFIG)
    assert said == ("The way to the internet is eth0 by PPPoE as ada@isp.test.",)


def test_another_password_is_said_without_it() -> None:
    other = with_wan(Wan("eth0", pppoe=replace(SESSION, secret="0198-2")))
    assert differences(CONFIG, other) == ("The provider is given another password.",)


def test_a_file_brings_the_session_back() -> None:
    assert config(imported(exported(CONFIG)).stored) == CONFIG

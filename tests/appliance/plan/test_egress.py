"""Foreign code's own chain, as rules; what a kernel makes of it is in tests/live/test_egress.py."""

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

import pytest

from appliance.model.config import RouterConfig
from appliance.model.facts import Delegation, Facts
from appliance.model.firewall import StaticRoute
from appliance.model.foreign import Foreign, Source
from appliance.plan import firewall
from appliance.plan.egress import FOREIGN, HOME_4, HOME_6, INTERNET_6, NAMES, OUTPUT
from tests.appliance.model.firewall_home import LAN, WAN

USERS = (("fetch", 61111), ("fetch-1", 61131))
CONFIG = RouterConfig((LAN,), WAN)


def is_home(text: str) -> bool:
    address = ip_address(text)
    if address.version == 4:
        return any(address in one for one in HOME_4)
    outside = not any(address in one for one in INTERNET_6)
    return outside or any(address in one for one in HOME_6)


def wanted(facts: Facts) -> firewall.State:
    return firewall.wanted(CONFIG, facts)


def test_without_foreign_code_there_is_no_chain_for_it() -> None:
    assert not {FOREIGN, OUTPUT, NAMES} & set(wanted(Facts()).chains)


def test_a_listed_server_is_let_to_one_user_alone() -> None:
    sources = (Source("a", "git+http://10.77.0.20/x", ()),)
    rules = wanted(Facts(foreign=Foreign(USERS, sources=sources))).chains[FOREIGN].rules
    (one,) = [rule for rule in rules if rule["comment"] == "foreign-fetch-1-4"]
    assert [part["match"]["right"] for part in one["expr"] if "match" in part] == [
        61131, "10.77.0.20", "tcp",
    ]  # fmt: skip


def test_the_delegated_prefix_is_home() -> None:
    lent = Delegation(IPv6Network("2001:db8:77::/56"), 100, 100)
    text = json.dumps(wanted(Facts(delegation=lent, foreign=Foreign(USERS))).chains[FOREIGN].rules)
    assert "2001:db8:77::" in text


def test_a_way_out_of_the_owners_own_is_not_home() -> None:
    out = StaticRoute(IPv4Network("0.0.0.0/0"), IPv4Address("10.77.0.2"))
    told = firewall.wanted(replace(CONFIG, routes=(out,)), Facts(foreign=Foreign(USERS)))
    assert told.chains[FOREIGN] == wanted(Facts(foreign=Foreign(USERS))).chains[FOREIGN]


def test_without_networks_no_set_is_empty() -> None:
    alone = firewall.wanted(RouterConfig((), WAN), Facts(foreign=Foreign(USERS)))
    assert '"set": []' not in json.dumps(alone.chains[FOREIGN].rules)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "172.31.0.1", "192.168.0.1", "127.0.0.1", "169.254.169.254", "100.100.100.200",
     "255.255.255.255", "224.0.0.251", "0.0.0.0", "::1", "::", "fe80::1", "fd00:ec2::254",
     "ff02::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "2002:a00:1::1"],
)  # fmt: skip
def test_it_is_home(address: str) -> None:
    assert is_home(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "140.82.121.3", "2606:4700::1", "64:ff9b::1.1.1.1"])
def test_it_is_the_internet(address: str) -> None:
    assert not is_home(address)

"""Every kind of rule and object goes into a real kernel and is listed as it was planned."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.namespaces import Namespace, namespaces

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio, sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from appliance.errors import Unreachable
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.config import Reservation
from appliance.model.firewall import Ends, Forward, Ports, Rule, StaticRoute, Zone
from appliance.model.wan import StaticAddress, Wan
from appliance.plan.expression import *
from appliance.plan.firewall import *
from services.firewall.driver import FirewallDriver
POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
LAB = Network("lab", "br-lab", (), IPv4Interface("10.78.0.1/23"))
MAC = "52:54:00:00:00:05"
NAS = Reservation(MAC, IPv4Address("10.77.0.5"), "nas", suffix=IPv6Address("::5"))
HOUSE = (replace(LAN, dhcp=Dhcp(POOL, (NAS,))), replace(LAB, zone="lab"))
APART = (Zone("lan", manages=True), Zone("lab"))
DEVICE = Ends(devices=(MAC,))
BOTH = Ends((MAC,), (IPv4Network("10.77.0.5/32"),), (IPv6Network("fd00::5/128"),))
ROUTE = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.77.0.9"))
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
async def swap(driver, wanted):
    for step in steps(wanted, await driver.observe()):
        await driver.perform(step)
    return steps(wanted, await driver.observe())
async def main():
    driver = FirewallDriver()
"""


@pytest.fixture
def box() -> Iterator[Namespace]:
    with namespaces("fw") as (made,):
        yield made


def said(box: Namespace, body: str) -> str:
    """Run the lines of `body` with a driver in the namespace; what it printed."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    done = subprocess.run(
        [
            "ip",
            "netns",
            "exec",
            box.name,
            sys.executable,
            "-c",
            f"{HEAD}{lines}\nasyncio.run(main())",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "networks", ["()", "(LAN,)", "(LAN, LAB)", "(LAB, replace(LAN, netboot=False))"]
)
@pytest.mark.parametrize("wan", ["None", "WAN", "replace(WAN, mtu=1492)"])
def test_a_planned_table_is_listed_as_planned(box: Namespace, networks: str, wan: str) -> None:
    left = said(box, f"print(await swap(driver, wanted(RouterConfig({networks}, {wan}))))")
    assert left == "()"


RULES = {
    "everything": "",
    "a protocol": 'protocol="tcp"',
    "icmp": 'protocol="icmp"',
    "a port": 'protocol="tcp", ports=(Ports(25),)',
    "ranges that touch": 'protocol="udp", ports=(Ports(25, 30), Ports(31, 40), Ports(443))',
    "a device": "senders=Ends(devices=(NAS.mac,))",
    "devices": 'senders=Ends(devices=(NAS.mac, "52:54:00:00:00:09")), protocol="icmp"',
    "an address": 'senders=Ends(v4=(IPv4Network("10.77.0.5/32"),))',
    "ranges that overlap": (
        'senders=Ends(v4=(IPv4Network("10.77.0.0/25"), IPv4Network("10.77.0.5/32")))'
    ),
    "all of IPv4": 'senders=Ends(v4=(IPv4Network("0.0.0.0/0"),))',
    "all of IPv6 to an address": (
        'senders=Ends(v6=(IPv6Network("::/0"),)), receivers=Ends(v6=(IPv6Network("fd00::5/128"),))'
    ),
    "a device of both families": 'source="internet", destination="lab", receivers=DEVICE',
    "both families on both sides": "senders=BOTH, receivers=BOTH",
    "the router": 'destination="router", receivers=BOTH, protocol="tcp", ports=(Ports(22),)',
}
WAYS = {
    "a forward": 'Forward("ssh", NAS.mac, "tcp", Ports(2222), 22)',
    "a forward that keeps its port": 'Forward("web", NAS.mac, "tcp", Ports(80))',
    "a forward of a range": 'Forward("game", NAS.mac, "udp", Ports(6000, 6010))',
}


@pytest.mark.parametrize("action", ["accept", "reject", "drop"])
@pytest.mark.parametrize("kind", RULES)
def test_a_rule_is_listed_as_planned(box: Namespace, kind: str, action: str) -> None:
    lines = f"""
given = dict(source="lan", destination="internet", action="{action}")
rule = Rule("a", **{{**given, **dict({RULES[kind]})}})
target = wanted(RouterConfig(HOUSE, WAN, zones=APART, rules=(rule,)))
print("rule:a" in str(target), await swap(driver, target))
"""
    assert said(box, lines) == "True ()"


@pytest.mark.parametrize("kind", WAYS)
def test_a_forward_is_listed_as_planned(box: Namespace, kind: str) -> None:
    lines = f"print(await swap(driver, wanted(RouterConfig(HOUSE, WAN, forwards=({WAYS[kind]},)))))"
    assert said(box, lines) == "()"


def test_zones_are_listed_as_planned(box: Namespace) -> None:
    lines = """
zones = (Zone("lan", manages=True, reaches=("internet", "lab", "lan")), Zone("lab", reaches=()))
print(await swap(driver, wanted(RouterConfig(HOUSE, WAN, zones=zones, routes=(ROUTE,)))))
"""
    assert said(box, lines) == "()"


def test_counters_outlive_a_change_of_the_rules(box: Namespace) -> None:
    lines = """
rules = (Rule("a", "lan", "internet", "drop"),)
await swap(driver, wanted(RouterConfig(HOUSE, WAN, rules=rules)))
"""
    said(box, lines)
    counter = "counter inet nixie rule-a"
    box.run("nft", f"flush chain inet nixie forward; delete {counter}")
    box.run("nft", f"add {counter} {{ packets 7 bytes 700 }}")
    more = 'rules = (*rules, Rule("b", "lan", "internet", "accept"))'
    said(box, lines.replace("await", f"{more}\nawait"))
    assert "packets 7 bytes 700" in box.run("nft", "list", "counter", "inet", "nixie", "rule-a")


OBJECTS = {
    "a counter": '("counter", "c"): {"name": "c"}',
    "a set of ports": '("set", "s"): {"name": "s", "type": "inet_service", "elem": [80, 443]}',
    "a set of ranges": (
        '("set", "r"): {"name": "r", "type": "ipv4_addr", "flags": ["interval"], '
        '"elem": [prefix("10.0.0.0", 8), prefix("172.16.0.0", 12)]}'
    ),
    "a set that packets fill": (
        '("set", "d"): {"name": "d", "type": "ipv4_addr", "flags": ["timeout"], "timeout": 60}'
    ),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_is_listed_as_planned(box: Namespace, kind: str) -> None:
    lines = f"print(await swap(driver, State(stands=True, named={{{OBJECTS[kind]}}})))"
    assert said(box, lines) == "()"


def test_elements_that_packets_put_into_a_set_survive_a_refill(box: Namespace) -> None:
    lines = """
table = wanted(RouterConfig((LAN,), WAN))
ours = {("set", "d"): {"name": "d", "type": "ipv4_addr", "flags": ["timeout"]}}
await swap(driver, replace(table, named={**table.named, **ours}))
"""
    said(box, lines)
    box.run("nft", "add", "element", "inet", "nixie", "d", "{", "10.0.0.9", "}")
    more = (
        lines.replace("(LAN,)", "(LAN, LAB)")
        + "print(steps(replace(table, named={**table.named, **ours}), await driver.observe()))"
    )
    assert said(box, more) == "()"
    assert "10.0.0.9" in box.run("nft", "list", "set", "inet", "nixie", "d")


def test_a_rule_that_somebody_deleted_is_drift(box: Namespace) -> None:
    said(box, "await swap(driver, wanted(RouterConfig((LAN,), WAN)))")
    box.run("nft", "flush", "chain", "inet", "nixie", "forward")
    lines = """
target = wanted(RouterConfig((LAN,), WAN))
(step,) = steps(target, await driver.observe())
print([chain.name for chain in step.fill], await swap(driver, target))
"""
    assert said(box, lines) == "['forward'] ()"


def test_another_programs_table_is_left_alone(box: Namespace) -> None:
    box.run("nft", "add", "table", "ip", "docker")
    said(box, "await swap(driver, wanted(RouterConfig((LAN,), WAN)))")
    said(box, "await swap(driver, State())")
    assert box.run("nft", "list", "ruleset").split() == ["table", "ip", "docker", "{", "}"]


def test_a_hook_moves_in_one_transaction(box: Namespace) -> None:
    lines = """
target = wanted(RouterConfig((LAN,), WAN))
early = replace(target.chains["input"], hook=Hook("filter", "input", -10, "drop"))
await swap(driver, replace(target, chains={**target.chains, "input": early}))
print(await swap(driver, target))
"""
    assert said(box, lines) == "()"


def test_a_wrong_rule_leaves_every_old_one(box: Namespace) -> None:
    lines = """
target = wanted(RouterConfig((LAN,), WAN))
await swap(driver, target)
wrong = replace(target.chains["input"], rules=(rule("x", {"jump": {"target": "nowhere"}}),))
try:
    await swap(driver, replace(target, chains={**target.chains, "input": wrong}))
except Unreachable:
    print(steps(target, await driver.observe()))
"""
    assert said(box, lines) == "()"


def test_what_the_kernel_would_refuse_is_known_without_changing_anything(box: Namespace) -> None:
    lines = """
target = wanted(RouterConfig((LAN,), WAN))
wrong = replace(target.chains["input"], rules=(rule("x", {"jump": {"target": "nowhere"}}),))
(good,) = steps(target, State())
(bad,) = steps(replace(target, chains={**target.chains, "input": wrong}), State())
await driver.rehearse(good)
try:
    await driver.rehearse(bad)
except Unreachable as error:
    print("refused" in str(error), (await driver.observe()).stands)
"""
    assert said(box, lines) == "True False"


CROWD = """
import asyncio
from services.firewall.driver import Nft
async def main():
    crowd = [Nft() for _ in range(4)]
    put = {"family": "inet", "table": "t"}
    kinds = ["ipv4_addr", "inet_proto", "inet_service", "ifname"]
    sets = [{"add": {"set": put | {"name": f"s{n}", "type": kinds}}} for n in range(400)]
    await crowd[0].run([{"add": {"table": {"family": "inet", "name": "t"}}}, *sets])
    async def looks(nft):
        for _ in range(30):
            assert len(await nft.listed("list ruleset")) == 402
    await asyncio.gather(*map(looks, crowd))
    print("whole")
asyncio.run(main())
"""


def test_callers_of_the_library_do_not_meet(box: Namespace) -> None:
    assert box.python(CROWD) == "whole\n"

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
from ipaddress import IPv4Address, IPv4Interface
from appliance.errors import Unreachable
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.wan import StaticAddress, Wan
from appliance.plan.firewall import *
from services.firewall.driver import FirewallDriver
POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
LAB = Network("lab", "br-lab", (), IPv4Interface("10.78.0.1/23"))
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
        timeout=60,
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
table = {"add": {"table": {"family": FAMILY, "name": TABLE}}}
wrong = {"add": {"rule": {"family": FAMILY, "table": TABLE, "chain": "none", "expr": []}}}
print(await driver.accepts([table]), await driver.accepts([table, wrong]))
print((await driver.observe()).stands)
"""
    assert said(box, lines) == "True False\nFalse"

"""Tags, the short way of flows and held speeds in a kernel that has them all."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm
from tests.vm.streams import SECONDS, arrived, conversation, hears, stream

pytestmark = pytest.mark.vm

LAN: dict[str, Any] = {"name": "lan", "bridge": "br-lan", "ports": ["lan0", "lan1"],
                       "address": "10.77.0.1/24"}  # fmt: skip
GUEST: dict[str, Any] = {"name": "guest", "bridge": "br-guest", "ports": [],
                         "address": "10.78.0.1/24", "tagged": [{"port": "lan0", "vlan": 20}],
                         "zone": "guest", "netboot": False}  # fmt: skip
LAB: dict[str, Any] = {"name": "lab", "bridge": "br-lab", "ports": [],
                       "address": "10.79.0.1/24", "tagged": [{"port": "lan0", "vlan": 30}],
                       "zone": "lab", "netboot": False}  # fmt: skip
WAN = {"port": "wan0", "static": {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}}
ZONES = [{"name": "lan", "reaches": ["lan", "internet"], "manages": True},
         {"name": "guest", "reaches": ["internet"]},
         {"name": "lab", "reaches": ["internet"]}]  # fmt: skip
CONFIG: dict[str, Any] = {"networks": [LAN, GUEST, LAB], "wan": WAN, "zones": ZONES}
SHUT = {**CONFIG, "rules": [{"id": "bedtime", "source": "lan", "destination": "internet",
                             "action": "reject"}]}  # fmt: skip
SILENT_SECONDS = 5.0
PC_MAC = "52:54:00:7a:00:03"


class Place:
    """The machine, with a configuration in force and somebody behind each tag."""

    def __init__(self, vm: RouterVm) -> None:
        self.vm, self.before = vm, ""
        self.python = str(vm.home.home / "venv/bin/python")

    def apply(self, config: dict[str, Any]) -> dict[str, Any]:
        """Bring the router to it; what was done, and that nothing is left to do."""
        text = json.dumps(config)
        words = (self.python, "-P", str(self.vm.home.home / "apply_guest.py"), text, self.before)
        told: dict[str, Any] = json.loads(self.vm.run(*filter(None, words), seconds=SECONDS))
        assert told["left"] == []
        self.before = text
        return told

    def sh(self, words: str, within: str = "") -> str:
        return self.vm.run("sh", "-c", words, within=within, seconds=SECONDS)

    def reaches(self, address: str, within: str) -> bool:
        return self.vm.does("ping", "-c1", "-W2", address, within=within)

    def reached(self, address: str, within: str) -> None:
        """Wait until an echo comes back."""
        until(lambda: self.reaches(address, within), f"{within} reaches {address}", SECONDS)

    def stream(self, *words: str) -> tuple[str, ...]:
        return stream(self.vm, *words)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with router_vm("vlan") as vm:
        found = Place(vm)
        found.apply(CONFIG)
        found.sh("ip addr add 10.77.0.50/24 dev pc0; ip route add default via 10.77.0.1", "pc")
        found.sh("ip addr add 10.77.0.60/24 dev pc1", "pc1")
        for tag, subnet in ((20, "10.78.0"), (30, "10.79.0")):
            found.sh(f"ip netns add tag{tag}")
            found.sh(f"ip link add link pc0 name pc0.{tag} type vlan id {tag}", "pc")
            found.sh(f"ip link set pc0.{tag} netns tag{tag}", "pc")
            found.sh(
                f"ip link set pc0.{tag} up; ip addr add {subnet}.50/24 dev pc0.{tag};"
                f"ip route add default via {subnet}.1",
                f"tag{tag}",
            )
        found.sh("ip addr add 192.0.2.1/24 dev isp0", "isp")
        until(lambda: found.reaches("10.77.0.1", "pc"), "the LAN answers", SECONDS)
        yield found


def test_applying_it_again_does_nothing(place: Place) -> None:
    assert place.apply(CONFIG)["steps"] == []


def test_the_router_answers_behind_each_tag(place: Place) -> None:
    for address, space in (("10.78.0.1", "tag20"), ("10.79.0.1", "tag30"), ("192.0.2.1", "tag20")):
        place.reached(address, space)


def test_one_tag_does_not_reach_another(place: Place) -> None:
    assert not place.reaches("10.79.0.50", "tag20")
    assert not place.reaches("10.78.0.50", "pc")


def test_a_device_cannot_write_the_tag_of_another_network(place: Place) -> None:
    place.sh("ip link add link pc1 name sly type vlan id 20; ip link set sly up;"
             "ip addr add 10.78.0.66/24 dev sly", "pc1")  # fmt: skip
    try:
        place.vm.does("ping", "-c3", "-W2", "10.78.0.50", within="pc1")
        assert "lladdr" not in place.sh("ip neigh show 10.78.0.66; true", "tag20")
        place.sh("ip link set br-lan type bridge vlan_filtering 0")  # the hole that is shut

        def known() -> bool:
            place.vm.does("ping", "-c3", "-W2", "10.78.0.50", within="pc1")
            return "lladdr" in place.sh("ip neigh show 10.78.0.66", "tag20")

        until(known, "it is heard through the hole", SECONDS)
    finally:
        place.sh("ip link del sly", "pc1")
        assert place.apply(CONFIG)["steps"] == ["Let br-lan take only frames without a tag."]


def test_an_interface_of_somebody_else_is_not_taken(place: Place) -> None:
    place.sh("ip link add link lan0 name lan0.40 type vlan id 40")
    other = {**LAB, "tagged": [{"port": "lan0", "vlan": 40}]}
    try:
        assert place.apply(CONFIG)["steps"] == []
        with pytest.raises(AssertionError, match=r"an interface lan0\.40 already"):
            place.apply({**CONFIG, "networks": [LAN, GUEST, other]})
        assert "lan0.40" in place.sh("ip -br link")
    finally:
        place.sh("ip link del lan0.40")


def test_a_tag_goes_when_nobody_wants_it(place: Place) -> None:
    place.apply({**CONFIG, "networks": [LAN, GUEST]})
    assert "lan0.30" not in place.sh("ip -br link")
    assert "Make lan0.30 of what bears the tag 30 on lan0." in place.apply(CONFIG)["steps"]


# ── the short way ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def flow(place: Place) -> Iterator[str]:
    """A conversation from the LAN to the internet that goes on; the file of what arrived."""
    file = "/run/arrived"
    with conversation(place.vm, "192.0.2.1", "5000", file):
        yield file


def goes_on(place: Place, file: str, more: int = 0) -> None:
    """Wait until more than so many bytes have come from now on."""
    before = arrived(place.vm, file)
    until(lambda: arrived(place.vm, file) - before > more, "it goes on", SECONDS)


def stops(place: Place, file: str) -> None:
    """Wait until nothing comes for a while; what was on its way has come then."""

    def silent() -> bool:
        before = arrived(place.vm, file)
        time.sleep(SILENT_SECONDS)
        return arrived(place.vm, file) == before

    until(silent, "it has stopped", SECONDS)


def judged(place: Place) -> int:
    """Packets that passed the rules so far."""
    told = json.loads(place.vm.run("nft", "-j", "list", "counter", "inet", "watching", "seen"))
    return int(next(one["counter"]["packets"] for one in told["nftables"] if "counter" in one))


@pytest.fixture
def watched(place: Place) -> Iterator[None]:
    place.sh(
        "nft 'table inet watching { counter seen { }; chain forward { type filter hook forward "
        "priority -300; tcp dport 5000 counter name seen; }; }'"
    )
    yield
    place.sh("nft delete table inet watching")


@pytest.mark.usefixtures("watched")
def test_a_flow_that_was_let_through_asks_no_rule_again(place: Place, flow: str) -> None:
    before = judged(place)
    goes_on(place, flow, 10_000)
    assert judged(place) - before <= 3


def test_a_rule_that_forbids_it_stops_a_flow_on_its_short_way(place: Place, flow: str) -> None:
    place.apply(SHUT)
    try:
        stops(place, flow)
    finally:
        place.apply(CONFIG)


def test_another_change_leaves_it_going(place: Place, flow: str) -> None:
    place.apply({**CONFIG, "networks": [LAN, GUEST]})
    place.apply(CONFIG)
    goes_on(place, flow)


def test_a_blocked_device_is_cut_off_on_its_short_way(place: Place, flow: str) -> None:
    blocked = (
        "import asyncio; from appliance.plan import devices as plan\n"
        "from services.devices.driver import Table\n"
        "async def main():\n"
        f"    table, wanted = Table(), plan.wanted(['{PC_MAC}'], ['{PC_MAC}'])\n"
        "    for step in plan.steps(wanted, await table.observe()): await table.perform(step)\n"
        "asyncio.run(main())"
    )
    place.vm.run(place.python, "-P", "-c", blocked)
    try:
        stops(place, flow)
    finally:
        place.sh("nft delete table bridge nixie_devices")
    goes_on(place, flow)


# ── held speeds ──────────────────────────────────────────────────────────────────────────────────


def test_speeds_are_held_in_both_directions(place: Place) -> None:
    held = {"down_kbit": 2000, "up_kbit": 1000}
    place.apply({**CONFIG, "wan": {**WAN, "shaping": held}})
    try:
        queues = place.sh("tc qdisc show")
        assert "dev wan0 root refcnt 2 bandwidth 1Mbit diffserv3 dual-srchost nat" in queues
        assert "dev nixie-down root refcnt 2 bandwidth 2Mbit besteffort dual-dsthost nat" in queues
        gives = place.vm.start(*place.stream("gives", "192.0.2.1", "5001"), within="isp")
        took = place.vm.run(*place.stream("takes", "192.0.2.1", "5001", "8"), within="pc")
        place.sh(f"kill {gives}")
        assert 10_000 < int(took) < 250_000  # bytes a second; 2 Mbit/s are 250,000 on the line
        listens = hears(place.vm, "192.0.2.1", "5002", "/run/up")
        place.vm.run(*place.stream("sends", "192.0.2.1", "5002", "0", "8"), within="pc")
        place.sh(f"kill {listens}; true")
        assert 10_000 < arrived(place.vm, "/run/up") < 8 * 160_000
    finally:
        place.apply(CONFIG)
    queues = place.sh("tc qdisc show; ip -br link")
    assert not any(word in queues for word in ("cake", "ingress", "nixie-down"))


def test_the_internet_has_its_tag(place: Place) -> None:
    place.sh("ip link add link isp0 name isp7 type vlan id 7; ip link set isp7 up;"
             "ip addr add 198.51.100.1/24 dev isp7", "isp")  # fmt: skip
    static = {"address": "198.51.100.2/24", "gateway": "198.51.100.1"}
    tagged = {"port": "wan0", "vlan": 7, "static": static, "mac": "02:00:00:00:00:99",
              "shaping": {"up_kbit": 5000}}  # fmt: skip
    try:
        place.apply({**CONFIG, "wan": tagged})
        place.reached("198.51.100.1", "pc")
        assert "02:00:00:00:00:99" in place.sh("ip neigh show 198.51.100.2", "isp")
        assert "dev wan0.7 root refcnt 2 bandwidth 5Mbit" in place.sh("tc qdisc show")
        assert "overhead 42" in place.sh("tc qdisc show dev wan0.7")
    finally:
        place.apply(CONFIG)
    assert "wan0.7" not in place.sh("ip -br link; tc qdisc show")
    place.reached("192.0.2.1", "pc")

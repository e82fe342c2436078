from dataclasses import replace
from ipaddress import IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.shaping import Shaping
from appliance.model.wan import Wan
from appliance.plan.shaping import (
    Cake,
    FreeIn,
    FreeOut,
    HoldIn,
    HoldOut,
    State,
    steps,
    wanted,
)

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
WAN = Wan("eth0", shaping=Shaping(50_000, 10_000, "vdsl"))
CONFIG = RouterConfig((LAN,), WAN)
UP = Cake(10_000, "dual-srchost", 22, 0, "ptm")
DOWN = Cake(50_000, "dual-dsthost", 22, 0, "ptm")


def test_each_direction_is_fair_to_the_devices_behind_us() -> None:
    assert wanted(CONFIG) == State({"eth0": UP}, {"eth0": DOWN})


def test_a_direction_without_a_speed_is_left_alone() -> None:
    config = replace(CONFIG, wan=replace(WAN, shaping=Shaping(up_kbit=10_000, line="vdsl")))
    assert wanted(config) == State({"eth0": UP})


def test_a_tag_costs_its_four_bytes_on_the_line() -> None:
    found = wanted(replace(CONFIG, wan=replace(WAN, vlan=7)))
    assert found.out == {"eth0.7": replace(UP, overhead=26)}


def test_without_speeds_nothing_is_held() -> None:
    assert wanted(replace(CONFIG, wan=Wan("eth0"))) == State()


def test_both_directions_begin() -> None:
    assert steps(wanted(CONFIG), State()) == (HoldOut("eth0", UP), HoldIn("eth0", DOWN))


def test_another_speed_takes_the_place_of_the_first() -> None:
    slower = replace(UP, kbit=5000)
    present = State({"eth0": slower}, {"eth0": DOWN})
    assert steps(wanted(CONFIG), present) == (HoldOut("eth0", UP),)


def test_nothing_stays_when_no_speed_is_held_any_more() -> None:
    assert steps(State(), wanted(CONFIG)) == (FreeOut("eth0"), FreeIn("eth0"))


def test_the_old_port_is_let_go_before_the_new_one_is_held() -> None:
    moved = wanted(replace(CONFIG, wan=replace(WAN, port="eth2")))
    kinds = [type(step) for step in steps(moved, wanted(CONFIG))]
    assert kinds == [FreeOut, FreeIn, HoldOut, HoldIn]


def test_what_is_turned_from_nowhere_goes() -> None:
    assert steps(State(), State({}, {"": DOWN})) == (FreeIn(""),)

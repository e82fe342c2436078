import random
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.wan import StaticAddress, Wan
from appliance.plan import addresses, firewall, flows, links, routes, shaping, sysctls, unreachable
from appliance.plan.order import PHASES, State, Step, owned, phase, steps, together, wanted
from tests.appliance.kernel_of_dicts import KernelOfDicts

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
FULL = RouterConfig((LAN,), WAN)


def kinds(found: tuple[Step, ...]) -> list[type]:
    return [type(step) for step in found]


def test_the_filter_stands_before_any_link_comes_up() -> None:
    found = kinds(steps(wanted(FULL), State()))
    assert found.index(firewall.Refill) < found.index(links.BringUp)


def test_forwarding_goes_on_last() -> None:
    assert steps(wanted(FULL), State())[-1] == sysctls.Write(sysctls.FORWARD_V4, "1")


def test_forwarding_goes_off_first() -> None:
    present = wanted(FULL)
    assert steps(State(), present)[0] == sysctls.Write(sysctls.FORWARD_V4, "0")


def test_the_filter_goes_after_everything_else() -> None:
    assert kinds(steps(State(), wanted(FULL)))[-1] is firewall.DropTable


def test_an_address_is_dropped_before_its_bridge() -> None:
    found = kinds(steps(State(), wanted(FULL)))
    assert found.index(addresses.DropAddress) < found.index(links.DropBridge)


def test_every_kind_of_step_has_its_phase() -> None:
    modules = (firewall, links, addresses, routes, unreachable, flows, shaping)
    every = {kind for module in modules for kind in module.Step.__args__}
    assert every | {sysctls.Write} == set(PHASES)


def test_nothing_at_all_is_wanted_without_a_config() -> None:
    assert wanted(None) == State()


def test_what_no_scope_names_is_not_ours() -> None:
    present = replace(
        wanted(FULL),
        links={"docker0": links.Link(bridge=True, up=True)},
        addresses={"docker0": frozenset({IPv4Interface("172.17.0.1/16")})},
        sysctls={"net/other": "1"},
    )
    ours = owned(present, wanted(FULL))
    assert (ours.links, ours.addresses, ours.sysctls) == ({}, {}, {})


def test_a_scope_names_what_either_config_names() -> None:
    other = replace(FULL, networks=(replace(LAN, address=IPv4Interface("10.78.0.1/24")),))
    both = together(wanted(FULL), wanted(other)).addresses["br-lan"]
    assert both == {IPv4Interface("10.77.0.1/24"), IPv4Interface("10.78.0.1/24")}


def test_from_any_config_to_any_other_nothing_is_left_to_plan() -> None:
    dice = random.Random(3)
    for _ in range(200):
        before, after = wanted(drawn(dice)), wanted(drawn(dice))
        kernel = KernelOfDicts(before)
        for step in steps(after, before):
            kernel.carry_out(step)
        assert steps(after, owned(kernel.state, together(before, after))) == ()


def drawn(dice: random.Random) -> RouterConfig:
    """A located config out of a few bridges and ports; every port exists."""
    ports = ["eth0", "eth1", "eth2", "eth3"]
    dice.shuffle(ports)
    wan = None
    if dice.random() < 0.7:
        gateway = IPv4Address(f"192.0.2.{dice.choice((1, 254))}")
        wan = Wan(ports.pop(), StaticAddress(IPv4Interface("192.0.2.2/24"), gateway))
    chosen = dice.sample(range(4), dice.randrange(1, 4))
    networks = tuple(
        Network(
            f"n{at}",
            f"br-{at}",
            (ports.pop(),),
            IPv4Interface(f"10.{dice.choice((7, 8))}.{at}.1/24"),
        )
        for at in chosen
        if ports
    )
    return RouterConfig(networks, wan)


def test_additions_come_before_removals() -> None:
    assert phase(addresses.AddAddress("a", IPv4Interface("10.0.0.1/24"))) < phase(
        addresses.DropAddress("a", IPv4Interface("10.0.0.1/24"))
    )

from dataclasses import replace

from appliance.model.newcomers import QUARANTINE
from appliance.model.vlan import Tagged
from appliance.plan.devices import Apart
from services.net.newcomers import admitted, held_on, kept_apart
from tests.appliance.model.firewall_home import GUEST, HOME, LAN, NAS

HOLDS = replace(HOME, networks=(replace(LAN, newcomers=QUARANTINE), GUEST))
OLD, MACHINE = "52:54:00:00:00:78", "52:54:00:00:00:79"


def settled(network: str) -> frozenset[str]:
    return frozenset({OLD} if network == "lan" else ())


def test_only_networks_that_hold_back_are_named() -> None:
    assert held_on(HOLDS) == ("lan",)


def test_who_was_there_stays() -> None:
    assert OLD in admitted(HOLDS, settled, ())["lan"]


def test_whoever_has_a_fixed_address_is_known() -> None:
    assert NAS.mac in admitted(HOLDS, settled, ())["lan"]


def test_a_machine_of_the_inventory_is_known() -> None:
    assert MACHINE in admitted(HOLDS, settled, (MACHINE,))["lan"]


def test_where_nobody_is_held_back_nobody_is_asked() -> None:
    assert admitted(HOME, settled, ()) == {}


def test_what_the_bridges_keep_apart_has_links_for_its_ports() -> None:
    lan = replace(LAN, ports=("eth1",), tagged=(Tagged("eth2", 20),), newcomers=QUARANTINE)
    found = kept_apart(replace(HOME, networks=(lan, GUEST)), {"lan": frozenset({OLD})})
    assert found == (Apart("lan", ("eth1", "eth2.20"), frozenset({OLD})),)

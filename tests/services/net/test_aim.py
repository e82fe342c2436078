from ipaddress import IPv4Interface

import pytest

from appliance.errors import Refused
from appliance.events import LinkMissing, LinkReturned
from appliance.model.config import Network, RouterConfig
from appliance.plan.links import Missing
from appliance.store.inventory_view import MachineView
from appliance.store.trials import PortRow
from hardware.inventory import Nic
from services.net.aim import aim, checked, link_events, names_by_mac, parsed, port_rows

CONFIG = RouterConfig((Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24")),))
NICS = (Nic("eth0", "52:54:00:00:00:00"), Nic("eth1", "52:54:00:00:00:01", carrier=True))
GONE = Missing("lan", "eth1")


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(Refused, match="not JSON"):
        checked("{")


@pytest.mark.parametrize("text", ["[]", "3", '{"schema": "x"}', '{"schema": 2}', "{}"])
def test_what_is_no_config_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        checked(text)


def test_what_was_kept_once_is_not_measured_by_newer_rules() -> None:
    assert parsed('{"networks": [], "domain": "local"}').domain == "local"


def test_what_has_problems_is_refused() -> None:
    with pytest.raises(Refused, match="take lan"):
        checked('{"networks": [], "domain": "local"}')


def test_an_aim_names_the_missing_ports() -> None:
    assert aim(CONFIG, NICS[:1], 0.0).missing == (GONE,)


def test_a_port_is_told_missing_once() -> None:
    assert link_events((), (GONE,)) == (LinkMissing("lan", "eth1"),)
    assert link_events((GONE,), (GONE,)) == ()


def test_a_port_that_is_back_is_told() -> None:
    assert link_events((GONE,), ()) == (LinkReturned("lan", "eth1"),)


def test_a_port_row_names_its_network() -> None:
    assert port_rows(NICS, CONFIG) == (
        PortRow("eth0", "52:54:00:00:00:00", False, None),
        PortRow("eth1", "52:54:00:00:00:01", True, "lan"),
    )


def test_every_mac_of_a_machine_has_its_name() -> None:
    macs = ((None, "52:54:00:00:00:08"), ("lan", "52:54:00:00:00:09"))
    machine = MachineView("m1", "ember", macs, "hold", "", None, None, None)
    assert names_by_mac([machine]) == {
        "52:54:00:00:00:08": "ember",
        "52:54:00:00:00:09": "ember",
    }

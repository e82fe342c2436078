import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from appliance.errors import Refused
from appliance.events import LinkMissing, LinkReturned, LinkUnclear
from appliance.model import read, way
from appliance.model.config import Network, RouterConfig
from appliance.model.dns import Dns, Upstream
from appliance.model.facts import Facts
from appliance.model.firewall import EVERYWHERE
from appliance.model.pppoe import LINK, Pppoe
from appliance.model.vlan import Tagged
from appliance.model.wan import StaticAddress, Wan
from appliance.model.way import Held, Learned, Lease
from appliance.plan import routes
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


def test_one_card_by_two_names_is_refused() -> None:
    text = json.dumps(read.to_json(replace(CONFIG, wan=Wan("52:54:00:00:00:01"))))
    assert checked(text)
    with pytest.raises(Refused, match="eth1 is used twice"):
        checked(text, nics=NICS)


def test_an_aim_names_the_missing_ports() -> None:
    assert aim(CONFIG, NICS[:1], 0.0).missing == (GONE,)


def test_a_port_is_told_missing_once() -> None:
    assert link_events((), (GONE,)) == (LinkMissing("lan", "eth1"),)
    assert link_events((GONE,), (GONE,)) == ()


def test_a_port_that_is_back_is_told() -> None:
    assert link_events((GONE,), ()) == (LinkReturned("lan", "eth1"),)


TWO = replace(GONE, several=("eth1", "eth2"))


def test_a_port_that_may_be_two_is_told_with_both() -> None:
    assert link_events((), (TWO,)) == (LinkUnclear("lan", "eth1", "eth1 and eth2"),)
    assert link_events((GONE,), (TWO,)) == (LinkUnclear("lan", "eth1", "eth1 and eth2"),)


def test_a_port_that_was_two_is_told_missing() -> None:
    assert link_events((TWO,), (GONE,)) == (LinkMissing("lan", "eth1"),)


def test_a_port_row_has_its_slot() -> None:
    slot = "pci-0000:01:00.0"
    assert port_rows((replace(NICS[0], path=slot),), CONFIG)[0].path == slot


def test_a_card_by_its_slot_in_one_place_has_no_other_by_its_name() -> None:
    cards = (NICS[0], replace(NICS[1], path="pci-0000:01:00.0"))
    text = json.dumps(read.to_json(replace(CONFIG, wan=Wan("pci-0000:01:00.0"))))
    with pytest.raises(Refused, match="eth1 is used twice"):
        checked(text, nics=cards)


def test_a_port_row_names_its_network() -> None:
    assert port_rows(NICS, CONFIG) == (
        PortRow("eth0", "52:54:00:00:00:00", False, None),
        PortRow("eth1", "52:54:00:00:00:01", True, "lan"),
    )


def test_what_is_made_for_tags_or_speeds_is_no_port_of_the_box() -> None:
    guest = Network(
        "guest", "br-guest", (), IPv4Interface("10.78.0.1/24"), tagged=(Tagged("eth0", 20),)
    )
    config = replace(CONFIG, networks=(*CONFIG.networks, guest))
    made = (Nic("eth0.20", "52:54:00:00:00:00"), Nic("nixie-down", "02:00:00:00:00:07"))
    rows = port_rows((*NICS, *made), config)
    assert [(row.link, row.network) for row in rows] == [("eth0", "guest"), ("eth1", "lan")]


def test_a_tag_is_refused_by_a_kernel_without_any() -> None:
    text = '{"networks": [], "wan": {"port": "eth0", "vlan": 7}}'
    assert checked(text).wan == Wan("eth0", vlan=7)
    with pytest.raises(Refused, match="This kernel has no VLANs"):
        checked(text, Facts(vlan=False))


def test_every_mac_of_a_machine_has_its_name() -> None:
    macs = ((None, "52:54:00:00:00:08"), ("lan", "52:54:00:00:00:09"))
    machine = MachineView("m1", "ember", macs, "hold", "", None, None, None)
    assert names_by_mac([machine]) == {
        "52:54:00:00:00:08": "ember",
        "52:54:00:00:00:09": "ember",
    }


GATEWAY = IPv4Address("203.0.113.1")
LEASE = Lease(
    IPv4Interface("203.0.113.5/24"), GATEWAY, gateways=(GATEWAY,), name_servers=(GATEWAY,)
)
BY_DHCP = replace(CONFIG, wan=Wan("eth0"))


def learned(lease: Lease = LEASE, link: str = "eth0", session: str = "eth0/1492///me/") -> Learned:
    """What is held on a link; by a session of that name."""
    return Learned(Held(link, lease, 0.0, 0.0, "this run", session if link == LINK else ""))


def test_what_the_provider_gave_is_as_if_the_owner_had_written_it() -> None:
    static = replace(BY_DHCP, wan=Wan("eth0", StaticAddress(LEASE.address, GATEWAY)))
    found = aim(BY_DHCP, NICS, 0.0, learned=learned())
    assert found.wanted == aim(static, NICS, 0.0).wanted
    assert found.wanted.addresses["eth0"] == {LEASE.address}
    assert found.config.wan == Wan("eth0")  # what wan is told stays what the owner said


def test_classless_routes_lead_where_they_say() -> None:
    inner, other = IPv4Network("198.51.100.0/24"), IPv4Address("203.0.113.9")
    lease = replace(LEASE, routes=(way.Route(inner, other), way.Route(EVERYWHERE, GATEWAY)))
    assert aim(BY_DHCP, NICS, 0.0, learned=learned(lease)).wanted.routes == {
        routes.Route(inner, other, "eth0"),
        routes.Route(EVERYWHERE, GATEWAY, "eth0"),
    }


@pytest.mark.parametrize(
    ("config", "given"),
    [
        (CONFIG, learned()),
        (replace(CONFIG, wan=Wan("eth0", StaticAddress(LEASE.address, GATEWAY))), learned()),
        (BY_DHCP, learned(link="eth9")),
        (BY_DHCP, learned(replace(LEASE, address=IPv4Interface("10.77.0.9/24")))),
        (BY_DHCP, learned(replace(LEASE, gateways=()))),
        (BY_DHCP, Learned()),
    ],
    ids=["no-way-out", "on-paper", "another-port", "overlaps-the-lan", "no-gateway", "nothing"],
)
def test_a_lease_that_does_not_fit_changes_nothing(config: RouterConfig, given: Learned) -> None:
    assert aim(config, NICS, 0.0, learned=given).wanted == aim(config, NICS, 0.0).wanted


def test_the_providers_name_servers_are_asked_where_the_owner_named_none() -> None:
    own = replace(BY_DHCP, dns=Dns((Upstream(IPv4Address("9.9.9.9")),)))
    assert aim(BY_DHCP, NICS, 0.0, learned=learned()).config.dns.upstreams == (Upstream(GATEWAY),)
    assert aim(own, NICS, 0.0, learned=learned()).config == own


def test_a_former_address_is_ours_to_take_away() -> None:
    gone = IPv4Interface("198.51.100.7/24")
    found = aim(BY_DHCP, NICS, 0.0, learned=replace(learned(), former=(("eth0", gone),)))
    assert found.scope.addresses["eth0"] == {gone, LEASE.address}
    assert found.wanted.addresses["eth0"] == {LEASE.address}


def test_packets_are_as_large_as_both_ends_of_a_session_agreed() -> None:
    by_session = replace(BY_DHCP, wan=Wan("eth0", mtu=1500, pppoe=Pppoe("me")))
    held = learned(replace(LEASE, mtu=1454), LINK, "eth0/1500///me/")
    assert "1414" in str(aim(by_session, NICS, 0.0, learned=held).wanted.firewall)
    by_dhcp = replace(BY_DHCP, wan=Wan("eth0", mtu=1500))
    owners = aim(by_dhcp, NICS, 0.0, learned=learned(replace(LEASE, mtu=1454)))
    assert "1414" not in str(owners.wanted.firewall)


def test_the_cable_of_a_session_stays_whatever_was_agreed() -> None:
    by_session = replace(BY_DHCP, wan=Wan("eth0", mtu=1500, pppoe=Pppoe("me")))
    before = aim(by_session, NICS, 0.0).wanted.links
    held = learned(replace(LEASE, mtu=1454), LINK, "eth0/1500///me/")
    assert aim(by_session, NICS, 0.0, learned=held).wanted.links == before


@pytest.mark.parametrize(
    "wan",
    [
        Wan("eth0", mtu=1500, pppoe=Pppoe("me")),
        Wan("eth0", mac="02:00:00:00:00:99", pppoe=Pppoe("me")),
        Wan("eth0", vlan=7, pppoe=Pppoe("me")),
        Wan("eth0", pppoe=Pppoe("you")),
    ],
)
def test_what_one_session_gave_is_not_used_for_another(wan: Wan) -> None:
    assert aim(replace(BY_DHCP, wan=wan), NICS, 0.0, learned=learned(link=LINK)).lease is None


def test_a_session_is_out_with_its_lease() -> None:
    by_session = replace(BY_DHCP, wan=Wan("eth0", pppoe=Pppoe("me")))
    assert not aim(by_session, NICS, 0.0).out
    assert aim(by_session, NICS, 0.0, learned=learned(link=LINK)).out
    assert aim(BY_DHCP, NICS, 0.0).out
    assert not aim(CONFIG, NICS, 0.0).out

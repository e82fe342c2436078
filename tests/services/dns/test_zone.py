from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

import pytest

from appliance.model.dns import Dns, Forwarding, Record, Upstream
from appliance.model.slices import DnsNetwork, DnsSlice, FixedAddress
from appliance.store.leases import LeaseRow
from services.dns.labels import name_in_bytes
from services.dns.wire import SERVFAIL, compose
from services.dns.zone import Elsewhere, Local, Zone, names
from tests.services.dns.packets import addresses, code, parsed, query

PRINTER = FixedAddress("52:54:00:00:00:07", IPv4Address("10.77.0.7"), "printer")
SLICE = DnsSlice(
    hostname="nixie",
    domain="lan",
    networks=(
        DnsNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"), (PRINTER,)),
        DnsNetwork("lab", "br-lab", IPv4Interface("10.78.0.1/24")),
    ),
    settings=Dns(),
    machines=(("52:54:00:00:00:08", "ember"),),
)


def lease(address: str, mac: str, hostname: str = "", stage: str = "os") -> LeaseRow:
    return LeaseRow("lan", IPv4Address(address), mac, hostname, stage, 0, 1e9, "bound")


def said(name: str, kind: str = "A", *leases: LeaseRow, network: str = "lan") -> bytes | None:
    asked = query(name, kind)
    local = Zone(SLICE, names(SLICE, leases)).answer(asked, network)
    assert not isinstance(local, Elsewhere)
    return compose(asked, local.flags, local.counts, local.records) if local else None


def found(name: str, kind: str = "A", *leases: LeaseRow, network: str = "lan") -> list[str]:
    message = said(name, kind, *leases, network=network)
    assert message is not None
    return addresses(message)


def coded(name: str, kind: str = "A", *leases: LeaseRow) -> str:
    message = said(name, kind, *leases)
    assert message is not None
    return code(message)


LAPTOP = lease("10.77.0.101", "52:54:00:00:00:01", "Laptop")


def test_the_routers_own_address_on_the_askers_side_comes_first() -> None:
    assert found("nixie.lan", network="lab") == ["10.78.0.1", "10.77.0.1"]


def test_a_lease_has_its_name_with_and_without_the_domain() -> None:
    assert found("laptop", "A", LAPTOP) == found("laptop.lan", "A", LAPTOP) == ["10.77.0.101"]


def test_letter_case_does_not_matter() -> None:
    assert found("LapTop.LAN", "A", LAPTOP) == ["10.77.0.101"]


def test_a_lease_has_its_name_backwards() -> None:
    assert found("101.0.77.10.in-addr.arpa", "PTR", LAPTOP) == ["laptop.lan."]


def test_a_machine_of_the_inventory_has_its_name_whatever_it_calls_itself() -> None:
    booting = lease("10.77.0.108", "52:54:00:00:00:08", "debian", "boot")
    assert found("ember.lan", "A", booting) == ["10.77.0.108"]


def test_the_operating_system_wins_over_its_boot_stages() -> None:
    mac = "52:54:00:00:00:08"
    both = lease("10.77.0.108", mac, "", "boot"), lease("10.77.0.120", mac, "", "os")
    assert found("ember.lan", "A", *both) == ["10.77.0.120"]


def test_a_client_cannot_take_the_name_of_a_reservation() -> None:
    thief = lease("10.77.0.150", "52:54:00:00:00:66", "printer")
    assert found("printer.lan", "A", thief) == ["10.77.0.7"]


def test_a_client_cannot_take_the_routers_name() -> None:
    thief = lease("10.77.0.150", "52:54:00:00:00:66", "nixie")
    assert "10.77.0.150" not in found("nixie.lan", "A", thief)


def test_between_two_clients_the_lowest_address_keeps_the_name() -> None:
    both = (
        lease("10.77.0.150", "52:54:00:00:00:66", "tv"),
        lease("10.77.0.120", "52:54:00:00:00:65", "tv"),
    )
    assert found("tv.lan", "A", *both) == ["10.77.0.120"]


@pytest.mark.parametrize("name", ["wpad", "isatap", "localhost", "a.b", "-x", "ü", "x" * 64])
def test_no_client_gets_such_a_name(name: str) -> None:
    thief = lease("10.77.0.150", "52:54:00:00:00:66", name)
    assert IPv4Address("10.77.0.150") not in names(SLICE, (thief,)).reverse


def test_an_unknown_name_in_our_domain_does_not_exist() -> None:
    assert coded("nobody.lan") == "NXDOMAIN"


def test_a_name_below_a_host_does_not_exist() -> None:
    assert coded("www.printer.lan") == "NXDOMAIN"


def test_a_known_name_without_such_records_exists() -> None:
    assert (coded("printer.lan", "AAAA"), found("printer.lan", "AAAA")) == ("NOERROR", [])


def test_a_negative_answer_is_worth_one_second() -> None:
    message = said("nobody.lan")
    assert message
    (soa,) = parsed(message).auth
    assert (str(soa.rname), soa.ttl, soa.rdata.times[4]) == ("lan.", 1, 1)


def test_our_answers_are_authoritative() -> None:
    message = said("printer.lan")
    assert message
    assert parsed(message).header.aa


def test_a_single_label_is_never_forwarded_for_addresses() -> None:
    assert coded("intranet") == "NXDOMAIN"


def test_other_questions_about_a_top_level_domain_are_forwarded() -> None:
    assert said("com", "NS") is None


def test_the_rest_of_the_world_is_forwarded() -> None:
    assert said("www.example.com") is None


def test_a_name_that_only_ends_like_our_domain_is_forwarded() -> None:
    assert said("www.portlan.com") is None
    assert said("www.xlan") is None


@pytest.mark.parametrize("name", ["printer.local", "x.onion", "x.test", "x.home.arpa", "invalid"])
def test_special_names_are_asked_of_nobody(name: str) -> None:
    assert coded(name) == "NXDOMAIN"


def test_localhost_is_the_asker_itself() -> None:
    assert found("localhost") == found("x.localhost") == ["127.0.0.1"]


@pytest.mark.parametrize(
    "name", ["9.9.168.192.in-addr.arpa", "16.172.in-addr.arpa", "1.0.0.127.in-addr.arpa"]
)
def test_private_reverse_zones_stay_at_home(name: str) -> None:
    assert coded(name, "PTR") == "NXDOMAIN"


def test_public_reverse_zones_are_forwarded() -> None:
    assert said("9.9.9.9.in-addr.arpa", "PTR") is None
    assert said("10.in-addr.arpa", "PTR") is not None
    assert said("172.in-addr.arpa", "PTR") is None


@pytest.mark.parametrize("name", ["x.in-addr.arpa", "256.in-addr.arpa", "1.2.3.4.5.in-addr.arpa"])
def test_what_is_no_address_backwards_is_not_ours(name: str) -> None:
    assert said(name, "PTR") is None


def test_the_domain_itself_has_an_soa() -> None:
    message = said("lan", "SOA")
    assert message
    assert [one.rtype for one in parsed(message).rr] == [6]


def test_another_domain_moves_every_name() -> None:
    moved = replace(SLICE, domain="home.example")
    asked = query("printer.home.example")
    local = Zone(moved, names(moved, ())).answer(asked, "lan")
    assert local
    assert addresses(compose(asked, local.flags, local.counts, local.records)) == ["10.77.0.7"]


OWN = (
    Record("nas", "A", "10.77.0.9"),
    Record("nas", "AAAA", "fd00::9"),
    Record("files", "CNAME", "nas.lan"),
    Record("site", "CNAME", "www.example.com"),
    Record("one", "CNAME", "two.lan"),
    Record("two", "CNAME", "one.lan"),
    Record("mail.example", "MX", "10 nas.lan"),
    Record("mail.example", "TXT", "x" * 300),
    Record("_sip._udp.mail.example", "SRV", "0 5 5060 nas.lan"),
)


def own(name: str, kind: str = "A", *leases: LeaseRow) -> Local | Elsewhere | None:
    corp = Forwarding("corp.lan", (Upstream(IPv4Address("10.9.9.9")),))
    home = Forwarding("168.192.in-addr.arpa", (Upstream(IPv4Address("10.9.9.9")),))
    slice_ = replace(SLICE, settings=Dns(records=OWN, forwardings=(corp, home)))
    return Zone(slice_, names(slice_, leases)).answer(query(name, kind), "lan")


def told(name: str, kind: str = "A", *leases: LeaseRow) -> list[str]:
    local = own(name, kind, *leases)
    assert isinstance(local, Local)
    return addresses(compose(query(name, kind), local.flags, local.counts, local.records))


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("nas.lan", "A", ["10.77.0.9"]),
        ("nas.lan", "AAAA", ["fd00::9"]),
        ("nas.lan", "TXT", []),
        ("files.lan", "A", ["nas.lan.", "10.77.0.9"]),
        ("files.lan", "CNAME", ["nas.lan."]),
        ("mail.example", "MX", ["10 nas.lan."]),
        ("_sip._udp.mail.example", "SRV", ["0 5 5060 nas.lan."]),
        ("9.0.77.10.in-addr.arpa", "PTR", ["nas.lan."]),
        (".".join(reversed("fd00" + "0" * 27 + "9")) + ".ip6.arpa", "PTR", ["nas.lan."]),
    ],
)
def test_a_record_of_the_owner_is_answered(name: str, kind: str, data: list[str]) -> None:
    assert told(name, kind) == data


def test_a_long_text_is_several_strings() -> None:
    assert told("mail.example", "TXT") == [f'"{"x" * 255}","{"x" * 45}"']


def test_a_record_of_the_owner_wins_over_a_client_of_that_name() -> None:
    assert told("nas.lan", "A", lease("10.77.0.101", "52:54:00:00:00:01", "nas")) == ["10.77.0.9"]


def test_an_alias_for_a_name_of_the_internet_has_to_be_asked() -> None:
    found = own("site.lan")
    assert isinstance(found, Elsewhere)
    assert found.target == name_in_bytes("www.example.com")


def test_a_circle_of_aliases_is_a_failure() -> None:
    local = own("one.lan")
    assert isinstance(local, Local)
    assert local.flags & 0xF == SERVFAIL


def test_what_is_forwarded_is_not_answered_here() -> None:
    assert own("db.corp.lan") is None
    assert own("4.0.168.192.in-addr.arpa", "PTR") is None


def test_beside_what_is_forwarded_the_domain_is_still_ours() -> None:
    assert isinstance(own("nobody.lan"), Local)


@pytest.mark.parametrize(
    "name",
    [
        "use-application-dns.net",
        "_dns.resolver.arpa",
        "x.internal",
        "d.f.ip6.arpa",
        "b.e.f.ip6.arpa",
    ],
)
def test_special_names_stay_at_home(name: str) -> None:
    assert coded(name) == "NXDOMAIN"


@pytest.mark.parametrize("kind", ["A", "AAAA", "TXT", "HTTPS"])
def test_a_single_label_stays_at_home(kind: str) -> None:
    assert coded("desktop", kind) == "NXDOMAIN"


def test_a_domain_of_the_root_is_asked_of_the_world() -> None:
    assert said("com", "NS") is None


def test_localhost_has_both_addresses() -> None:
    assert (found("localhost"), found("localhost", "AAAA")) == (["127.0.0.1"], ["::1"])


SIX = replace(
    SLICE,
    networks=(
        DnsNetwork(
            "lan",
            "br-lan",
            IPv4Interface("10.77.0.1/24"),
            (replace(PRINTER, suffix=IPv6Address("::7")),),
            six=(IPv6Interface("fd12::1/64"), IPv6Interface("2001:db8:42::1/64")),
        ),
        DnsNetwork(
            "lab", "br-lab", IPv4Interface("10.78.0.1/24"), six=(IPv6Interface("fd12:0:0:1::1/64"),)
        ),
    ),
)


def six(name: str, kind: str = "AAAA", network: str = "lan") -> list[str]:
    asked = query(name, kind)
    local = Zone(SIX, names(SIX, ())).answer(asked, network)
    assert isinstance(local, Local)
    return addresses(compose(asked, local.flags, local.counts, local.records))


def test_the_router_is_found_by_ipv6_on_the_askers_side_first() -> None:
    assert six("nixie.lan", network="lab") == ["fd12::1:0:0:0:1", "fd12::1", "2001:db8:42::1"]


def test_a_device_with_a_suffix_is_found_in_every_prefix() -> None:
    assert six("printer") == ["fd12::7", "2001:db8:42::7"]


def test_who_asks_for_ipv4_gets_no_ipv6() -> None:
    assert six("printer", "A") == ["10.77.0.7"]


def test_a_device_without_a_suffix_has_no_ipv6_address() -> None:
    assert found("printer", "AAAA") == []


TABLET = lease("10.77.0.90", "52:54:00:00:00:90", "tablet")
ANSWERED = {
    (TABLET.mac, IPv6Address("fd12::5054:ff:fe00:90")),
    (TABLET.mac, IPv6Address("2001:db8:99::5054:ff:fe00:90")),  # of a prefix that went
    (PRINTER.mac, IPv6Address("fd12::5054:ff:fe00:7")),
}


def test_a_device_that_answered_at_an_address_of_its_mac_is_found_by_it() -> None:
    told = names(SIX, (TABLET,), ANSWERED).forward
    assert told["tablet"] == (TABLET.address, IPv6Address("fd12::5054:ff:fe00:90"))
    assert IPv6Address("fd12::5054:ff:fe00:7") in told["printer"]
    assert IPv6Address("fd12::7") in told["printer"]


def test_that_address_has_its_name() -> None:
    told = names(SIX, (TABLET,), ANSWERED).reverse
    assert told[IPv6Address("fd12::5054:ff:fe00:90")] == "tablet.lan"
    assert IPv6Address("2001:db8:99::5054:ff:fe00:90") not in told


def test_another_network_has_nothing_to_say_of_it() -> None:
    told = names(SIX, (replace(TABLET, network="lab"),), ANSWERED).forward
    assert told["tablet"] == (TABLET.address,)


def test_an_ipv6_address_of_ours_has_its_name() -> None:
    zone = Zone(SIX, names(SIX, ()))
    for address, name in (("2001:db8:42::7", "printer.lan"), ("fd12::1", "nixie.lan")):
        local = zone.answer(query(IPv6Address(address).reverse_pointer, "PTR"), "lan")
        assert isinstance(local, Local)
        asked = query(IPv6Address(address).reverse_pointer, "PTR")
        reply = parsed(compose(asked, local.flags, local.counts, local.records))
        assert str(reply.rr[0].rdata) == f"{name}."


def test_an_unknown_address_of_our_own_prefix_is_asked_of_nobody() -> None:
    zone = Zone(SIX, names(SIX, ()))
    local = zone.answer(query(IPv6Address("2001:db8:42::99").reverse_pointer, "PTR"), "lan")
    assert isinstance(local, Local)

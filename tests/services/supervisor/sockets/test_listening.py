from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface

from appliance.model.dns import Dns
from appliance.model.slices import BootNetwork, DhcpNetwork, DnsNetwork, DnsSlice, Slices, TimeSlice
from appliance.roles import ROLES
from services.supervisor.sockets.listening import PORTS, Listen, wanted

LAN, IOT = IPv4Interface("10.77.0.1/24"), IPv4Interface("10.78.0.1/24")
SLICES = Slices(
    revision=1,
    dhcp=(
        DhcpNetwork(
            "lan", "br-lan", LAN, IPv4Address("10.77.0.9"), IPv4Address("10.77.0.99"), 60, "", True
        ),
    ),
    dns=DnsSlice(
        "r", "lan", (DnsNetwork("lan", "br-lan", LAN), DnsNetwork("iot", "br-iot", IOT)), Dns()
    ),
    boot=(BootNetwork("lan", "br-lan", LAN),),
)  # fmt: skip


def names(role: str) -> list[str]:
    return [listen.name for listen in wanted(ROLES[role], SLICES)]


def test_dhcp_listens_where_it_answers() -> None:
    assert names("dhcp") == ["dhcp.br-lan", "pxe.br-lan"]


def test_dns_listens_on_every_network() -> None:
    assert names("dns") == [
        "dns-udp.br-lan", "dns-udp.br-iot", "dns-udp.lo",
        "dns-tcp.br-lan", "dns-tcp.br-iot", "dns-tcp.lo",
    ]  # fmt: skip


def test_dns_listens_by_ipv6_where_a_network_has_it() -> None:
    iot = DnsNetwork("iot", "br-iot", IOT, six=(IPv6Interface("fd12::1/64"),))
    dns = replace(SLICES.dns, networks=(SLICES.dns.networks[0], iot))
    found = wanted(ROLES["dns"], replace(SLICES, dns=dns))
    assert [one for one in found if one.ipv6 and one.link != "lo"] == [
        Listen("dns-udp6.br-iot", "udp", 53, "br-iot", ipv6=True),
        Listen("dns-tcp6.br-iot", "tcp", 53, "br-iot", ipv6=True),
    ]


def test_foreign_code_asks_for_names_at_a_port_of_its_own() -> None:
    found = [one for one in wanted(ROLES["dns"], both()) if one.link == "lo"]
    assert {(one.protocol, one.ipv6) for one in found} == {
        ("udp", False), ("tcp", False), ("udp", True), ("tcp", True)
    }  # fmt: skip
    assert {one.port for one in found} == {1053}


def test_an_ipv6_address_from_before_is_listened_at() -> None:
    iot = DnsNetwork("iot", "br-iot", IOT, stays=(IPv4Interface("10.79.0.1/24"),))
    for stays, many in ((iot.stays, 0), ((IPv6Interface("fd12::1/64"),), 2)):
        dns = replace(SLICES.dns, networks=(replace(iot, stays=stays),))
        found = wanted(ROLES["dns"], replace(SLICES, dns=dns))
        assert len([one for one in found if one.ipv6 and one.link != "lo"]) == many


def test_the_admin_listens_by_ipv6_where_a_network_has_it() -> None:
    assert wanted(ROLES["web"], both())[2:] == (
        Listen("admin6.br-lan", "tcp", 443, "br-lan", ipv6=True),
    )


def test_boot_listens_by_ipv6_where_machines_may_boot() -> None:
    assert wanted(ROLES["boot"], both())[-1] == (
        Listen("boot6.br-lan", "tcp", 80, "br-lan", ipv6=True)
    )


def both() -> Slices:
    """The lan with IPv6."""
    lan, iot = SLICES.dns.networks
    six = replace(lan, six=(IPv6Interface("fd12::1/64"),))
    return replace(SLICES, dns=replace(SLICES.dns, networks=(six, iot)))


def test_the_time_is_told_where_the_owner_wants_it() -> None:
    served = replace(both(), time=TimeSlice((), serve=True))
    found = [one.name for one in wanted(ROLES["dns"], served) if one.port == 123]
    assert found == ["ntp.br-lan", "ntp.br-iot", "ntp6.br-lan"]


def test_boot_listens_where_machines_may_boot() -> None:
    assert names("boot") == ["tftp.br-lan", "boot.br-lan"]


def test_the_admin_is_on_every_network() -> None:
    assert names("web") == ["admin.br-lan", "admin.br-iot"]


def test_an_admin_on_loopback_is_on_no_network() -> None:
    assert wanted(ROLES["web"], SLICES, admin_local=True) == ()


def test_a_socket_is_bound_to_its_link() -> None:
    assert wanted(ROLES["dhcp"], SLICES)[1] == Listen("pxe.br-lan", "udp", 4011, "br-lan")


def test_nothing_is_listened_on_before_anything_is_published() -> None:
    assert wanted(ROLES["dns"], None) == ()


def test_every_socket_of_the_table_has_a_port() -> None:
    assert {name for role in ROLES.values() for name in role.sockets} == set(PORTS)


def test_where_only_the_binary_cache_is_on_boot_has_http_alone() -> None:
    quiet = BootNetwork("iot", "br-iot", IOT, boots=False, cache=True)
    found = wanted(ROLES["boot"], replace(SLICES, boot=(*SLICES.boot, quiet)))
    assert [one.name for one in found] == ["tftp.br-lan", "boot.br-lan", "boot.br-iot"]

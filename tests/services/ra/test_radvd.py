from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from appliance.model.announced import AnnouncedNetwork, AnnouncedPrefix, Ipv6Slice
from appliance.model.dns import Dns
from appliance.model.slices import DnsSlice, Slices
from services.ra.radvd import CONF, radvd, text

OWN, OLD = IPv6Network("fd12:3456:789a::/64"), IPv6Network("2001:db8:42::/64")
LAN = AnnouncedNetwork(
    "lan",
    "br-lan",
    (AnnouncedPrefix(OWN, 2700, 5400, 0.0), AnnouncedPrefix(OLD, 0, 0, 0.0)),
    IPv6Address("fd12:3456:789a::1"),
    default_route=True,
)
FOUND = Ipv6Slice("eth0", OWN.supernet(new_prefix=48), (LAN,))


def published(ipv6: Ipv6Slice) -> Slices:
    return Slices(1, (), DnsSlice("nixie", "lan", (), Dns()), (), ipv6=ipv6)


def test_a_network_is_announced_with_its_prefixes() -> None:
    assert text(FOUND, "lan") == (
        "interface br-lan {\n"
        "  AdvSendAdvert on;\n"
        "  IgnoreIfMissing on;\n"
        "  MaxRtrAdvInterval 600;\n"
        "  AdvDefaultLifetime 1800;\n"
        "  prefix fd12:3456:789a::/64 { AdvPreferredLifetime 2700; AdvValidLifetime 5400; };\n"
        "  prefix 2001:db8:42::/64 { AdvPreferredLifetime 0; AdvValidLifetime 0; };\n"
        "  route fd12:3456:789a::/48 { AdvRouteLifetime 1800; };\n"
        "  RDNSS fd12:3456:789a::1 { AdvRDNSSLifetime 1800; };\n"
        "  DNSSL lan { AdvDNSSLLifetime 1800; };\n"
        "};\n"
    )


def test_the_internet_side_is_not_mentioned() -> None:
    assert "eth0" not in text(FOUND, "lan")


def test_without_a_network_it_does_not_run() -> None:
    assert radvd(Path("/usr/sbin/radvd"), Path("/state/radvd"), published(Ipv6Slice())) is None


def test_its_files_lie_in_its_own_folder() -> None:
    found = radvd(Path("/usr/sbin/radvd"), Path("/state/radvd"), published(FOUND))
    assert found
    assert found.files == {CONF: text(FOUND, "lan")}
    assert f"/state/radvd/{CONF}" in found.argv
    assert "/state/radvd/radvd.pid" in found.argv

from pathlib import Path

from appliance.model.announced import Ipv6Slice
from appliance.model.dns import Dns
from appliance.model.slices import DnsSlice, Slices
from services.delegation.dhcpcd import CONF, HOOK, dhcpcd

FOLDER = Path("/var/lib/nixie/dhcpcd")


def published(ask_on: str | None) -> Slices:
    return Slices(1, (), DnsSlice("nixie", "lan", (), Dns()), (), ipv6=Ipv6Slice(ask_on))


def test_nobody_is_asked_while_no_network_needs_a_prefix() -> None:
    assert dhcpcd(Path("/usr/sbin/dhcpcd"), FOLDER, published(None)) is None


def test_it_may_change_nothing() -> None:
    found = dhcpcd(Path("/usr/sbin/dhcpcd"), FOLDER, published("eth0"))
    assert found
    assert "noconfigure\n" in found.files[CONF]
    assert f"script {HOOK}\n" in found.files[CONF]


def test_its_own_folder_stands_where_it_looks() -> None:
    found = dhcpcd(Path("/usr/sbin/dhcpcd"), FOLDER, published("eth0"))
    assert found
    assert found.binds == (
        ("/var/lib/nixie/dhcpcd/run", "/run"),
        ("/var/lib/nixie/dhcpcd", "/var/lib"),
    )


def test_the_hook_can_be_run() -> None:
    assert HOOK.stat().st_mode & 0o111 == 0o111

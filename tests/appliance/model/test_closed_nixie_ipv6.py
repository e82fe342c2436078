"""IPv6 as the closed module's public user wrote it in 2026 (addresses changed)."""

from appliance.model import check, read
from appliance.model.closed_nixie import Translated
from appliance.model.config import RouterConfig
from appliance.model.exchange import imported

OWN = """
{
  services.nixie = {
    wan = { interface = "enp1s0"; ipv6 = { enable = true; prefixDelegation = true; }; };
    dhcp.subnets = [
      {
        name = "home";
        interfaces = [ "enp2s0" ];
        ipv4 = { address = "10.42.0.1"; poolStart = "10.42.0.10"; poolEnd = "10.42.0.250"; };
        ipv6 = { address = "fd12:3456:789a:2::1/64"; managed = false; };
        clients = [
          {
            mac = "52:54:00:ab:00:01";
            ipv4.address = "10.42.0.5";
            ipv6.address = "fd12:3456:789a:2::5";
          }
        ];
      }
      {
        name = "lab";
        interfaces = [ "enp3s0" ];
        ipv4 = { address = "10.43.0.1"; poolStart = "10.43.0.10"; poolEnd = "10.43.0.250"; };
      }
    ];
  };
}
"""


def taken(text: str) -> tuple[RouterConfig, Translated]:
    found = imported(text)
    config = read.config(found.stored)
    assert check.problems(config) == ()
    return config, found


def test_an_address_of_ones_own_is_prefix_number_end() -> None:
    config, found = taken(OWN)
    assert found.left == ()
    six = config.networks[0].ipv6
    assert six
    assert (str(config.ula), six.subnet, str(six.suffix)) == ("fd12:3456:789a::/48", 2, "::1")


def test_a_client_keeps_the_end_of_its_addresses() -> None:
    config, _ = taken(OWN)
    assert config.networks[0].dhcp
    assert [str(one.suffix) for one in config.networks[0].dhcp.reservations] == ["::5"]


def test_with_a_delegated_prefix_every_network_has_ipv6() -> None:
    config, _ = taken(OWN)
    assert config.networks[1].ipv6
    config, _ = taken(OWN.replace("prefixDelegation = true;", ""))
    assert config.networks[1].ipv6 is None


def test_of_the_providers_address_the_end_is_taken() -> None:
    config, found = taken(OWN.replace("fd12:3456:789a:2::1/64", "2001:470:0:2::7/64"))
    assert found.left == (
        "dhcp.subnets.home.ipv6.address: its end is taken, the rest comes from the provider.",
    )
    assert config.networks[0].ipv6
    assert str(config.networks[0].ipv6.suffix) == "::7"


def test_a_second_prefix_of_ones_own_is_named() -> None:
    both = OWN.replace('poolEnd = "10.43.0.250"; };', 'poolEnd = "10.43.0.250"; };\n'
                       '        ipv6.address = "fd99::1";')  # fmt: skip
    _, found = taken(both)
    assert found.left == (
        "dhcp.subnets.lab.ipv6.address: its end is taken, not its prefix, besides "
        "fd12:3456:789a::/48; a router has one prefix of its own.",
    )


def test_addresses_by_dhcpv6_are_named() -> None:
    pool = OWN.replace("managed = false;", 'managed = true; poolStart = "fd12:3456:789a:2::100";')
    _, found = taken(pool)
    assert found.left == tuple(
        f"dhcp.subnets.home.ipv6.{name}: devices make their own IPv6 addresses here, none is given "
        "by DHCPv6."
        for name in ("managed", "poolStart")
    )


def test_ipv6_of_the_internet_that_is_off_is_named() -> None:
    _, found = taken(OWN.replace("enable = true; prefix", "enable = false; prefix"))
    assert found.left == (
        "wan.ipv6.enable: here the internet's IPv6 is used, and a prefix asked for, while a "
        "network has IPv6.",
    )


def test_what_is_no_address_is_named() -> None:
    _, found = taken(OWN.replace("fd12:3456:789a:2::1/64", "there"))
    assert found.left == ("dhcp.subnets.home.ipv6.address: this is no IPv6 address.",)

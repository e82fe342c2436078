"""The closed module's options, as its public user wrote them over the years (names changed)."""

from appliance.model import check, read
from appliance.model.closed_nixie import Translated
from appliance.model.config import RouterConfig
from appliance.model.exchange import imported

TODAY = """
{ config, ... }:
{
  services.nixie = {
    enable = true;
    wan = { enable = true; interface = "enp1s0"; };
    dhcp = {
      enable = true;
      subnets = [
        {
          name = "home";
          serve = true;
          interfaces = [ "enp2s0" "enp3s0" ];
          ipv4 = { address = "10.42.0.1"; poolStart = "10.42.0.10"; poolEnd = "10.42.0.250"; };
          clients = [
            { mac = "52:54:00:AB:00:01"; ipv4.address = "10.42.0.5"; }
            { mac = "52:54:00:ab:00:02"; serve = true; }
          ];
        }
      ];
    };
  };
}
"""
OLDER = """
{
  services.nixie = {
    enable = true;
    file-server = { httpPort = 10951; menus = [ ]; };
    dhcp = {
      enable = true;
      wan = { interface = "eth0"; };
      subnets = [
        {
          name = "lan";
          serve = false;
          interfaces = [ "eth1" ];
          defaultMenu = "all";
          ipv4 = {
            address = "192.168.1.1/24";
            gateway = "192.168.1.1";
            dns = [ "192.168.1.1" ];
            poolStart = "192.168.1.20";
            poolEnd = "192.168.1.90";
          };
          clients = [ { menu = "torgue"; mac = "52:54:00:ab:00:03"; } ];
        }
      ];
    };
  };
}
"""


def taken(text: str) -> tuple[RouterConfig, Translated]:
    found = imported(text)
    config = read.config(found.stored)
    assert check.problems(config) == ()
    return config, found


def test_todays_options_become_networks() -> None:
    config, found = taken(TODAY)
    assert found.left == ()
    (home,) = config.networks
    assert (home.name, home.ports, str(home.address)) == (
        "home",
        ("enp2s0", "enp3s0"),
        "10.42.0.1/24",
    )
    assert home.dhcp
    assert str(home.dhcp.pool.last) == "10.42.0.250"
    assert [(one.mac, str(one.address)) for one in home.dhcp.reservations] == [
        ("52:54:00:ab:00:01", "10.42.0.5")
    ]
    assert config.wan
    assert config.wan.port == "enp1s0"


def test_older_names_are_read() -> None:
    config, _ = taken(OLDER)
    (lan,) = config.networks
    assert (lan.netboot, str(lan.address)) == (False, "192.168.1.1/24")
    assert config.wan
    assert config.wan.port == "eth0"


def test_what_has_no_counterpart_is_named() -> None:
    _, found = taken(OLDER)
    assert found.left == (
        "menus: menus are made on the page Menus, of the hosts of sources.",
        "fileServer: images are served on port 80 of every network that boots.",
        "dhcp.subnets.lan.defaultMenu: what unknown machines get is set on the page Machines.",
        "dhcp.subnets.lan.clients.52:54:00:ab:00:03.menu: what a machine boots is set on the page "
        "Machines.",
    )


def test_a_gateway_elsewhere_is_named() -> None:
    odd = OLDER.replace('gateway = "192.168.1.1"', 'gateway = "192.168.1.254"')
    assert "dhcp.subnets.lan.ipv4.gateway: there is no such setting here." in imported(odd).left


def test_a_client_that_must_not_boot_is_named() -> None:
    odd = TODAY.replace("serve = true; }\n          ];", "serve = false; }\n          ];")
    assert imported(odd).left == (
        "dhcp.subnets.home.clients.52:54:00:ab:00:02.serve: there is no such setting here.",
    )


def test_without_dhcp_nothing_is_handed_out() -> None:
    config, _ = taken(
        TODAY.replace("dhcp = {\n      enable = true", "dhcp = {\n      enable = false")
    )
    assert config.networks[0].dhcp is None


def test_a_wan_that_is_off_is_no_way_out() -> None:
    config, _ = taken(TODAY.replace("wan = { enable = true", "wan = { enable = false"))
    assert config.wan is None


def test_options_beside_nixie_are_named() -> None:
    beside = TODAY.replace(
        "services.nixie = {", "services.refindGenerate.enable = true;\n  services.nixie = {"
    )
    assert imported(beside).left == ("refindGenerate: rEFInd is not written yet.",)

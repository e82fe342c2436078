"""A configuration goes out as a file and comes back as the same."""

import json
import random
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network

import pytest

from appliance.errors import Refused
from appliance.model import migrate, read
from appliance.model.config import (
    QUIRKS,
    Dhcp,
    DhcpOption,
    Network,
    Pool,
    Reservation,
    RouterConfig,
)
from appliance.model.dns import Dns, Upstream
from appliance.model.exchange import exported, imported
from appliance.model.firewall import StaticRoute
from appliance.model.shaping import MEDIA, Shaping
from appliance.model.vlan import Tagged
from appliance.model.wan import StaticAddress, Wan

PRINTABLE = "".join(map(chr, range(33, 127)))


def some(dice: random.Random) -> RouterConfig:
    """A configuration with whatever its settings allow."""
    networks = tuple(network(dice, at) for at in range(dice.randrange(4)))
    static = StaticAddress(IPv4Interface("192.0.2.7/24"), IPv4Address("192.0.2.1"))
    held = Shaping(dice.randrange(64, 9999), dice.choice([None, 640]), dice.choice([*MEDIA]))
    tagged = Wan("eth0", vlan=dice.randrange(1, 4095), shaping=held)
    wan = dice.choice([None, Wan("eth0"), Wan("52:54:00:12:34:56", static), tagged])
    dns = Dns(tuple(Upstream(some_address(dice)) for _ in range(dice.randrange(3))))
    routes = tuple(some_route(dice) for _ in range(dice.randrange(3)))
    return RouterConfig(networks, wan, dns, hostname="nixie", domain="home.example", routes=routes)


def some_address(dice: random.Random) -> IPv4Address | IPv6Address:
    if dice.getrandbits(1):
        return IPv4Address(dice.getrandbits(32))
    return IPv6Address(dice.getrandbits(128))


def some_route(dice: random.Random) -> StaticRoute:
    metric = dice.randrange(1, 9999)
    if dice.getrandbits(1):
        four = IPv4Network((dice.getrandbits(16) << 16, 16))
        return StaticRoute(four, IPv4Address("10.77.0.9"), metric)
    six = IPv6Network((dice.getrandbits(48) << 80, 48))
    return StaticRoute(six, IPv6Address("fe80::9%lan"), metric)


def network(dice: random.Random, at: int) -> Network:
    subnet = f"10.{dice.randrange(1, 255)}.{at}"
    pool = Pool(
        IPv4Address(f"{subnet}.100"), IPv4Address(f"{subnet}.199"), dice.randrange(60, 9999)
    )
    dhcp = Dhcp(
        pool,
        tuple(
            Reservation(
                f"52:54:00:00:{at:02x}:{n:02x}",
                IPv4Address(f"{subnet}.{n + 2}"),
                dice.choice([None, f"device-{n}"]),
                tuple(one for one in QUIRKS if dice.random() < 0.5),
            )
            for n in range(dice.randrange(4))
        ),
        tuple(DhcpOption(n, dice.randbytes(3).hex()) for n in range(60, 60 + dice.randrange(3))),
        dice.random() < 0.5,
        tuple(
            "x" + "".join(dice.choice(PRINTABLE) for _ in range(20))
            for _ in range(dice.randrange(3))
        ),
    )
    ports = dice.choice([(), ("eth1", "52:54:00:12:34:57")])
    address = IPv4Interface(f"{subnet}.1/24")
    given = dice.choice([None, dhcp])
    tagged = dice.choice([(), (Tagged("eth2", dice.randrange(1, 4095)),)])
    return Network(f"net-{at}", f"br-{at}", ports, address, given, at % 2 == 0, tagged=tagged)


def again(text: str) -> RouterConfig:
    return read.config(migrate.upgraded(imported(text).stored))


@pytest.mark.parametrize("seed", range(100))
def test_an_export_reads_back_to_the_identical_configuration(seed: int) -> None:
    config = some(random.Random(seed))
    assert again(exported(config)) == config


@pytest.mark.parametrize("seed", range(20))
def test_json_reads_back_to_the_identical_configuration(seed: int) -> None:
    config = some(random.Random(seed))
    assert again(json.dumps(read.to_json(config))) == config


def test_an_export_says_one_setting_a_line() -> None:
    lan = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
    lines = [line.strip() for line in exported(RouterConfig((lan,))).splitlines()]
    wanted = ['hostname = "nixie";', "dhcp = null;", 'ports = [ "eth1" ];']
    assert [line for line in lines if line in wanted] == wanted


def test_code_in_a_setting_is_text() -> None:
    lan = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"))
    pool = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
    odd = replace(lan, dhcp=Dhcp(pool, vendor_classes=('"; x = ${builtins.abort "no"}',)))
    assert '"\\"; x = \\${builtins.abort \\"no\\"}"' in exported(RouterConfig((odd,)))


def test_what_is_no_file_of_settings_is_refused() -> None:
    with pytest.raises(Refused, match="holds no settings"):
        imported("[ 1 2 ]")

"""The dhcp role between namespaces, with clients that others wrote."""

import os
import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.events import BootAnswered
from appliance.model.slices import FixedAddress
from services.dhcp.wire import decode
from tests.live.dhcp_place import GUEST, HERE, LAN, ROOT, Place, hex_of, needs, place, wire
from tests.live.waiting import quickest, until

pytestmark = pytest.mark.live
__all__ = ["place"]

# ── foreign clients ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("flag", [(), ("-B",)])
def test_udhcpc_gets_a_lease_by_unicast_or_broadcast(place: Place, flag: tuple[str, ...]) -> None:
    needs("udhcpc")
    place.start("unguarded")
    place.client.run("udhcpc", "-i", "dev0", "-n", "-q", "-f", "-s", "/bin/true", *flag)
    assert list(place.leases()) == ["10.77.1.0"]


def test_udhcpc_gives_its_address_back(place: Place) -> None:
    needs("udhcpc")
    place.start("unguarded")
    client = place.client.start("udhcpc", "-i", "dev0", "-f", "-R", "-s", udhcpc_script(place))
    until(
        lambda: "10.77.1.0/16" in place.client.run("ip", "addr", "show", "dev0"),
        "the client has its address",
    )
    client.terminate()
    until(lambda: place.leases()["10.77.1.0"].state == "released", "the lease is given back")


def udhcpc_script(place: Place) -> str:
    """What udhcpc runs: it sets the address, so that the RELEASE can leave."""
    script = place.state / "script"
    script.write_text(
        '#!/bin/sh\n[ "$1" = bound ] && ip addr add "$ip/16" dev "$interface"\ntrue\n'
    )
    script.chmod(0o755)
    return str(script)


def dhclient(place: Place, *arguments: str) -> str:
    needs("dhclient")
    files = ("-lf", str(place.state / "dhclient.leases"), "-pf", str(place.state / "dhclient.pid"))
    return place.client.run(
        "dhclient", "-1", "-v", "-sf", dhclient_script(place), *files, *arguments, "dev0"
    )


def dhclient_script(place: Place) -> str:
    script = place.state / "dhclient-script"
    script.write_text(
        '#!/bin/sh\ncase "$reason" in BOUND|REBOOT) '
        'ip addr replace "$new_ip_address/16" dev "$interface";; esac\nexit 0\n'
    )
    script.chmod(0o755)
    return str(script)


def test_dhclient_gets_a_lease(place: Place) -> None:
    place.start("unguarded")
    dhclient(place)
    assert "inet 10.77.1.0/16" in place.client.run("ip", "addr", "show", "dev0")
    dhclient(place, "-x")


def test_dhclient_comes_back_to_its_address_after_both_restarted(place: Place) -> None:
    place.start("unguarded")
    dhclient(place)
    dhclient(place, "-x")
    place.kill()
    place.start("unguarded")
    dhclient(place)
    assert list(place.leases()) == ["10.77.1.0"]
    dhclient(place, "-r")
    until(lambda: place.leases()["10.77.1.0"].state == "released", "the lease is given back")


def test_perfdhcp_is_never_given_one_address_twice(place: Place) -> None:
    home = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "peers" / "kea"
    perfdhcp = home / "usr" / "sbin" / "perfdhcp"
    if not perfdhcp.exists():
        pytest.skip("perfdhcp is not installed")
    place.start("unguarded")
    place.client.run("ip", "addr", "add", "10.77.0.2/16", "dev", "dev0")
    libraries = f"LD_LIBRARY_PATH={next(home.glob('usr/lib/*-linux-gnu'))}"
    asked = f"{perfdhcp} -4 -l 10.77.0.2 -r 200 -R 20000 -p 3 -u 10.77.0.1"
    said = place.client.run("sh", "-c", f"{libraries} {asked}; true")  # it fails on a lost packet
    assert said.count("non unique addresses: 0") == 2, said
    assert said.count("rejected leases: 0") == 2, said
    assert place.leases()


# ── sockets ───────────────────────────────────────────────────────────────────────────────────────


def test_g32_the_answer_on_4011_leaves_from_4011(place: Place) -> None:
    place.start("unguarded")
    place.client.run("ip", "addr", "add", "10.77.0.9/16", "dev", "dev0")
    port, answer = place.ask("4011", "10.77.0.1", hex_of("ovmf-x64-4011"))
    assert port == "4011"
    assert decode(bytes.fromhex(answer)).file == b"x64/snponly.efi"
    until(lambda: type(place.events()[-1]) is BootAnswered, "it is told")


def test_g41_each_link_is_answered_on_itself(place: Place) -> None:
    wire(place.router, "guest0", "10.78.0.1/16", place.client, "dev1")
    place.publish(LAN, GUEST)
    place.start("unguarded")
    assert place.ask("exchanges", "1", link="dev1") == ["10.78.1.0"]
    assert place.ask("exchanges", "1", link="dev0") == ["10.77.1.0"]


def test_a_room_that_is_switched_on_at_once_is_answered(place: Place) -> None:
    place.start("unguarded")
    offered = place.ask("burst", "150")
    assert len(set(offered)) == len(offered) == 150


def test_a_new_slice_is_taken_over_while_clients_ask(place: Place) -> None:
    place.start("unguarded")
    script = [sys.executable, str(HERE / "dhcp_client.py"), "dev0", "exchanges", "40000"]
    asking = subprocess.Popen(
        ["ip", "netns", "exec", place.client.name, *script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    def longest() -> float:
        return max((one.ends_at - one.given_at for one in place.leases().values()), default=0.0)

    try:
        until(lambda: len(place.leases()) > 20, "clients are served")
        place.publish(replace(LAN, lease_seconds=7200, domain="home"))
        until(lambda: longest() > 7000, "they are served as the new slice has it")
        assert asking.poll() is None
    finally:
        asking.kill()
    given = asking.communicate()[0].decode().split()
    assert "none" not in given
    assert len(set(given)) == len(given) > 20


# ── what was confirmed stays ──────────────────────────────────────────────────────────────────────


def test_a_lease_written_before_a_crash_is_kept_though_its_ack_never_left(place: Place) -> None:
    place.start("dhcp.committed", "unguarded")
    assert place.ask("silence", "1") == ["none"]
    place.ended()
    assert (place.state / "hit").exists()
    assert list(place.leases()) == ["10.77.1.0"]
    place.start("unguarded")
    answer = decode(bytes.fromhex(place.ask("request", "10.77.1.0")[0]))
    assert answer.kind == 5


def test_after_kill_9_every_address_that_was_acknowledged_is_stored(place: Place) -> None:
    place.start("unguarded")
    script = [sys.executable, str(HERE / "dhcp_client.py"), "dev0", "exchanges", "100000"]
    asking = subprocess.Popen(
        ["ip", "netns", "exec", place.client.name, *script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        until(lambda: len(place.leases()) > 150, "clients are served")
        place.kill()
    finally:
        asking.kill()
    said, _ = asking.communicate()
    given = {one for one in said.decode().split() if one != "none"}
    assert len(given) >= 150
    assert given <= set(place.leases())


# ── what the owner says of firmware ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("quirk", ["late", "unicast"])
def test_odd_firmware_is_offered_its_address(place: Place, quirk: str) -> None:
    fixed = FixedAddress("52:54:00:12:34:56", IPv4Address("10.77.0.7"), None, (quirk,))
    place.publish(replace(LAN, reservations=(fixed,)))
    place.start("unguarded")
    place.client.run("ip", "link", "set", "dev0", "address", "52:54:00:12:34:56")
    place.client.run("ip", "addr", "add", "10.77.0.7/16", "dev", "dev0")

    def seconds() -> float:
        took, answer = place.ask("discover", hex_of("ovmf-x64-discover"))
        assert decode(bytes.fromhex(answer)).file == b"x64/snponly.efi"
        return float(took)

    if quirk == "late":
        assert seconds() > 1.9
    else:
        assert quickest(seconds, 1.9) < 1.9

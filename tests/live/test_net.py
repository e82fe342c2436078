"""The net role on a real kernel: a router between a LAN and an ISP, each a namespace."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from appliance.events import DriftRepaired, LinkMissing, LinkReturned, RevisionApplied
from tests.live.namespaces import Namespace
from tests.live.net_room import CONFIG, NETWORK, Router, program, router
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()"
REACH = CONNECT.replace(", 3)", ", 60)")


@contextmanager
def speaking(where: Namespace, script: str) -> Iterator[Callable[[], str]]:
    """Run a script in a namespace; calling the value gives its next line."""
    argv = ["ip", "netns", "exec", where.name, sys.executable, "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            output = child.stdout
            yield lambda: output.readline().strip()
        finally:
            child.kill()


@contextmanager
def listening(where: Namespace, port: int) -> Iterator[None]:
    """Take TCP connections on a port, IPv4 and IPv6."""
    script = (
        "import socket, time; "
        f"s = socket.create_server(('', {port}), family=socket.AF_INET6, dualstack_ipv6=True); "
        "print('up', flush=True); time.sleep(600)"
    )
    with speaking(where, script) as said:
        assert said() == "up"
        yield


def test_a_revision_becomes_bridge_address_route_filter_and_forwarding(router: Router) -> None:
    router.apply(CONFIG)
    assert {"br-lan 10.77.0.1/24", "up0 192.0.2.2/24"} <= router.addresses()
    assert "master br-lan" in router.inside.run("ip", "link", "show", "p1")
    assert "default via 192.0.2.1 dev up0" in router.inside.run("ip", "route")
    assert "policy drop" in router.ruleset()
    assert router.inside.run("cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1"


def test_the_slices_are_published(router: Router) -> None:
    router.apply(CONFIG)
    slices = router.slices()
    assert slices
    assert [(one.name, one.link) for one in slices.dhcp] == [("lan", "br-lan")]


def test_applying_the_same_again_takes_no_step(router: Router) -> None:
    router.apply(CONFIG)
    router.apply({**CONFIG, "hostname": "other"})
    assert router.told(RevisionApplied)[-1].steps == ()


def test_a_ping_from_the_lan_passes_to_the_internet_masqueraded(router: Router) -> None:
    router.serve_lan()
    # The ISP has no way back to 10.77.0.0/24.
    until(lambda: router.lan.pings("192.0.2.1"), "the ISP answers")


def test_nobody_on_the_internet_side_reaches_a_port(router: Router) -> None:
    router.serve_lan()

    def refused() -> bool:
        assert router.isp.fails(sys.executable, "-c", CONNECT, "192.0.2.2", "443")
        return router.dropped("wan-input-dropped") > 0

    with listening(router.inside, 443):
        until(refused, "an attempt came as far as the filter")
        router.lan.python(REACH, "10.77.0.1", "443")


def test_nobody_on_the_internet_side_reaches_a_port_by_ipv6(router: Router) -> None:
    router.apply(CONFIG)
    own = router.link_local("up0")

    def refused() -> bool:
        assert router.isp.fails(sys.executable, "-c", CONNECT, f"{own}%eth0", "443")
        return router.dropped("wan-input-dropped") > 0

    with listening(router.inside, 443):
        until(refused, "an attempt came as far as the filter")
    found = router.isp.run("ip", "-6", "neigh", "show", own, "dev", "eth0")
    assert "lladdr" in found  # neighbour discovery works: it was the port that was shut


def test_the_lan_reaches_what_is_served_there_and_nothing_else(router: Router) -> None:
    router.serve_lan()
    with listening(router.inside, 80), listening(router.inside, 8080):
        router.lan.python(REACH, "10.77.0.1", "80")
        assert router.lan.fails(sys.executable, "-c", CONNECT, "10.77.0.1", "8080")


def test_a_tftp_transfer_goes_on_at_the_port_that_the_server_drew(router: Router) -> None:
    router.serve_lan()
    server = """
import socket
asked = socket.socket(2, 2); asked.bind(("", 69)); print("up", flush=True)
_, client = asked.recvfrom(512)
drawn = socket.socket(2, 2); drawn.connect(client); drawn.send(b"data"); drawn.settimeout(60)
print(drawn.recv(512).decode(), flush=True)
"""
    client = """
import socket
s = socket.socket(2, 2); s.settimeout(60); s.sendto(b"read", ("10.77.0.1", 69))
_, drawn = s.recvfrom(512)
s.sendto(b"ack", drawn)
"""
    with speaking(router.inside, server) as said:
        assert said() == "up"
        router.lan.python(client)
        assert said() == "ack"


def test_nobody_on_the_internet_side_is_forwarded_to_the_lan(router: Router) -> None:
    router.apply(CONFIG)
    router.isp.run("ip", "route", "add", "10.77.0.0/24", "via", "192.0.2.2")

    def held_back() -> bool:
        assert not router.isp.pings("10.77.0.50")
        return router.dropped("wan-forward-dropped") > 0

    until(held_back, "an attempt came as far as the filter")


def test_an_address_that_somebody_deletes_comes_back(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("ip", "addr", "del", "10.77.0.1/24", "dev", "br-lan")
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "the address is back")
    until(lambda: router.told(DriftRepaired), "the repair is told")
    assert router.told(DriftRepaired)[0].what == "Give br-lan the address 10.77.0.1/24."


def test_an_address_that_somebody_else_added_stays(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("ip", "addr", "add", "10.99.0.1/24", "dev", "br-lan")
    router.inside.run("ip", "addr", "del", "10.77.0.1/24", "dev", "br-lan")
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "ours is back")
    assert "br-lan 10.99.0.1/24" in router.addresses()


def test_a_renumbered_lan_leaves_nothing_of_the_old_one(router: Router) -> None:
    router.apply(CONFIG)
    network = {**NETWORK, "address": "10.78.0.1/24", "dhcp": None}
    router.apply({**CONFIG, "networks": [network]})
    assert "br-lan 10.78.0.1/24" in router.addresses()
    until(lambda: "10.77.0." not in router.picture(), "the old network is gone")  # nobody has it


def test_the_drop_counters_survive_a_refill(router: Router) -> None:
    router.apply(CONFIG)
    connect = "import socket; s=socket.socket(); s.settimeout(0.3); s.connect_ex(('192.0.2.2', 22))"

    def knocked() -> int:
        router.isp.python(connect)
        return router.dropped("wan-input-dropped")

    counted = until(knocked, "an attempt came as far as the filter")
    second = {"name": "lab", "bridge": "br-lab", "ports": [], "address": "10.80.0.1/24"}
    router.apply({**CONFIG, "networks": [NETWORK, second]})
    assert router.dropped("wan-input-dropped") >= counted


def test_a_wrong_revision_is_refused_with_its_reason(router: Router) -> None:
    router.apply(CONFIG)
    before = router.ruleset()
    router.try_out({**CONFIG, "networks": [{**NETWORK, "address": "10.77.0.0/24"}]})
    refused = until(
        lambda: [one for one in router.events() if type(one.event).__name__ == "RevisionRefused"],
        "the revision is refused",
    )
    assert "names the whole network" in refused[0].event.why  # type: ignore[attr-defined]
    assert router.ruleset() == before


def test_what_the_kernel_refuses_is_put_back(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("ip", "link", "add", "br-bad", "type", "ifb")
    second = {"name": "bad", "bridge": "br-bad", "ports": [], "address": "10.80.0.1/24"}
    router.try_out({**CONFIG, "networks": [NETWORK, second]})
    until(
        lambda: [one for one in router.events() if type(one.event).__name__ == "RevisionRefused"],
        "the revision is refused",
    )
    until(lambda: "br-bad" not in router.ruleset(), "nothing of it is left in the filter")
    assert router.kept() == 1


def test_a_missing_port_is_reported_not_guessed(router: Router) -> None:
    router.apply({**CONFIG, "networks": [{**NETWORK, "ports": ["p1", "p2"]}]})
    assert router.told(LinkMissing) == [LinkMissing("lan", "p2")]
    router.inside.run("ip", "link", "add", "p2", "type", "veth", "peer", "name", "p2far")
    until(lambda: router.told(LinkReturned), "the port is back")
    shown = ("ip", "link", "show", "p2")
    until(lambda: "master br-lan" in router.inside.run(*shown), "it is the LAN's again")


def test_a_port_known_by_mac_is_found_under_another_name(router: Router) -> None:
    mac = json.loads(router.inside.run("ip", "-j", "link", "show", "p1"))[0]["address"]
    router.inside.run("ip", "link", "set", "p1", "name", "renamed")
    router.apply({**CONFIG, "networks": [{**NETWORK, "ports": [mac]}]})
    assert "master br-lan" in router.inside.run("ip", "link", "show", "renamed")


def test_after_a_restart_the_kept_config_stands_without_nixie_db(router: Router) -> None:
    router.apply(CONFIG)
    router.kill()
    for path in router.state.glob("nixie.db*"):
        path.unlink()
    router.inside.run("ip", "link", "del", "br-lan")
    router.inside.run("nft", "flush", "ruleset")
    router.start()
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "the address is back")
    until(lambda: "policy drop" in router.ruleset(), "the filter is back")


def test_a_first_change_cut_off_and_withdrawn_leaves_nothing(router: Router) -> None:
    many = [
        {"name": f"n{at}", "bridge": f"br-n{at}", "ports": [], "address": f"10.{100 + at}.0.1/24"}
        for at in range(100)
    ]
    router.revise({**CONFIG, "networks": many})
    until(lambda: "br-n5:" in router.inside.run("ip", "link"), "the change is under way")
    router.kill()
    assert router.kept() is None
    for path in router.state.glob("nixie.db*"):
        path.unlink()
    router.start()
    until(
        lambda: "br-n" not in router.inside.run("ip", "link") and not router.ruleset().strip(),
        "everything of the change is gone",
    )

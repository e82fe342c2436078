"""A trace as the owner has it: asked of the role net, with an end that comes whatever happens."""

import os
import signal
import time

import pytest

from appliance.model.trace import Flow
from appliance.plan.trace import TABLE
from appliance.store.recall.open import recall
from appliance.store.traces import Trace, trace
from tests.live.net_room import CONFIG, Router, program, router
from tests.live.test_apart import ASK, NEW, OLD, Home, home
from tests.live.tracing import needs_traces
from tests.live.waiting import until

__all__ = ["home", "program", "router"]

pytestmark = pytest.mark.live

SEND = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    for _ in range(int(sys.argv[2])):
        asking.sendto(b"hello", ("10.77.0.1", int(sys.argv[1])))
"""
RULED = {
    **CONFIG,
    "rules": [
        {
            "id": "let",
            "source": "lan",
            "destination": "router",
            "action": "accept",
            "protocol": "udp",
            "ports": [{"first": 7000}],
        }
    ],
}


@pytest.fixture(autouse=True)
def able(router: Router) -> None:
    needs_traces(router.inside)


def flow(port: int) -> Flow:
    return Flow("lan", (), "router", (), "udp", port)


def asked(router: Router, port: int, seconds: float = 60.0) -> str:
    """Ask for a trace; the wish."""
    return router.wish("trace", until=str(time.time() + seconds), **flow(port).fields())


def told(router: Router) -> Trace | None:
    return trace(recall(router.state, "net", {"of": "trace"}))


def marks(router: Router) -> bool:
    """Does the kernel mark packets?"""
    return "nftrace" in router.inside.run("nft", "list", "ruleset")


def begun(router: Router, port: int) -> str:
    """A trace that the kernel has."""
    wish = asked(router, port)
    until(lambda: (one := told(router)) and one.wish == wish and marks(router), "it is traced")
    return wish


def by(router: Router, port: int) -> list[str]:
    """What decided packets to that port, newest first; sent until there is one."""
    router.lan.python(SEND, str(port), "1")
    found = told(router)
    return [one.by for one in found.packets] if found else []


def test_a_packet_is_told_with_its_rule(router: Router) -> None:
    router.serve_lan()
    begun(router, 7_000)
    found = until(lambda: by(router, 7_000), "it is told")
    assert set(found) == {"input-lan-refused"}


def test_a_change_of_the_rules_meanwhile_is_told_right(router: Router) -> None:
    router.serve_lan()
    begun(router, 7_000)
    until(lambda: by(router, 7_000), "it is told")
    router.apply(RULED)
    until(lambda: by(router, 7_000)[0] == "rule:let", "the new rule is told")
    found = told(router)
    assert found
    assert {one.by for one in found.packets} == {"input-lan-refused", "rule:let"}
    assert not found.over


def test_it_is_over_by_itself(router: Router) -> None:
    router.serve_lan()
    asked(router, 7_000, seconds=2.0)
    until(lambda: (one := told(router)) and one.over, "it is over")
    assert not marks(router)


def test_it_is_over_when_enough_was_seen(router: Router) -> None:
    router.serve_lan()
    begun(router, 7_000)

    def over() -> bool:
        router.lan.python(SEND, "7000", "20")
        found = told(router)
        return bool(found and found.over)

    until(over, "enough was seen")
    assert not marks(router)


def test_it_is_stopped_with_what_was_seen(router: Router) -> None:
    router.serve_lan()
    wish = begun(router, 7_000)
    until(lambda: by(router, 7_000), "it is told")
    router.wish("trace", until="0", **flow(7_000).fields())
    until(lambda: not marks(router), "nothing is marked")
    found = told(router)
    assert found
    assert (found.wish, found.over, bool(found.packets)) == (wish, True, True)


def test_another_one_takes_its_place(router: Router) -> None:
    router.serve_lan()
    begun(router, 7_000)
    until(lambda: by(router, 7_000), "it is told")
    begun(router, 7_001)
    found = until(lambda: by(router, 7_001), "the other is told")
    assert found
    assert router.inside.run("nft", "list", "ruleset").count("dport 7001") == 1
    assert "dport 7000" not in router.inside.run("nft", "list", "ruleset")


def test_nothing_is_left_in_the_kernel_by_a_role_that_was_killed(router: Router) -> None:
    router.serve_lan()
    begun(router, 7_000)
    router.kill()
    assert TABLE not in router.inside.run("nft", "list", "ruleset")


def test_a_role_that_comes_back_ends_it_on_time(router: Router) -> None:
    router.serve_lan()
    asked(router, 7_000, seconds=20.0)
    until(lambda: marks(router), "it is traced")
    router.kill()
    router.start()
    until(lambda: told(router), "it goes on")
    until(lambda: (one := told(router)) and one.over, "it is over")
    assert not marks(router)


def test_a_role_that_is_told_to_end_leaves_nothing(router: Router) -> None:
    router.serve_lan()
    begun(router, 7_000)
    assert router.role
    os.kill(router.role.pid, signal.SIGTERM)
    router.role.wait()
    assert TABLE not in router.inside.run("nft", "list", "ruleset")


def test_a_place_that_is_not_there_is_said(router: Router) -> None:
    router.serve_lan()
    nowhere = Flow("cellar", (), "router", (), "udp", 7_000)
    router.wish("trace", until=str(time.time() + 60), **nowhere.fields())
    found = until(lambda: (one := told(router)) and one.problem, "it is said")
    assert "One of its places is not there now" in str(found)
    assert not marks(router)


def test_what_two_devices_of_one_network_say_is_told_on_their_bridge(home: Home) -> None:
    home.new.run("ip", "neigh", "add", "10.77.0.50", "lladdr", OLD, "dev", "eth0")
    within = Flow("lan", (NEW,), "lan", ("10.77.0.50",), "udp", 53)
    home.router.wish("trace", until=str(time.time() + 60), **within.fields())
    until(lambda: marks(home.router), "it is traced")

    def newest() -> tuple[bool | None, str]:
        home.new.python(ASK, "10.77.0.50")
        found = told(home.router)
        one = found.packets[0] if found and found.packets else None
        return (one.accepted, one.by) if one else (None, "")

    until(lambda: newest() == (False, "newcomers-lan"), "it is held back")
    home.let_in(NEW)
    within_lan = (True, "forward-within-lan")  # where the kernel asks the filter about frames, too
    until(lambda: newest() in (within_lan, (True, "forward-within")), "it is let through")

"""Every role is killed between two facts; what was confirmed is there, and it goes on.

The points are those of appliance/faults.py.  Each test arms one, does what brings the role there,
and sees the role end by signal 9; the supervisor starts it again.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from appliance.cli.client import Client, Failed, Where
from appliance.faults import POINTS
from tests.live.crash_room import MAC, CrashRoom, crash_room
from tests.live.dhcp_client import mac
from tests.live.waiting import until
from webui.serve import THREADS

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def room() -> Iterator[CrashRoom]:
    with crash_room() as made:
        yield made


# ── dhcp ─────────────────────────────────────────────────────────────────────────────────────────


def lease_of(room: CrashRoom, number: int) -> list[tuple[int, str]]:
    text = mac(number).hex(":")
    asked = "SELECT address, state FROM lease WHERE mac = ? AND state = 'bound'"
    return [(address, state) for address, state in room.rows("leases.db", asked, text)]


def address_of(room: CrashRoom, number: int) -> str:
    """What the client gets once the role answers again."""
    given = until(lambda: {room.exchange(number)} - {"none"}, "dhcp answers")
    return given.pop()


def ends_for(room: CrashRoom, number: int, point: str) -> None:
    """A client asks once the point is armed, and until dhcp has ended there."""
    with room.ends(point), room.asking(number):
        until((room.faults / f"{point}.hit").exists, f"{point} is reached")


def test_a_lease_that_was_not_on_disk_was_not_acknowledged(room: CrashRoom) -> None:
    ends_for(room, 101, "dhcp.answered")
    assert lease_of(room, 101) == []
    room.back("dhcp")
    address = address_of(room, 101)
    assert [numbered(found) for found, _ in lease_of(room, 101)] == [address]


def test_a_lease_on_disk_is_kept_though_its_ack_never_left(room: CrashRoom) -> None:
    ends_for(room, 102, "dhcp.committed")
    ((stored, _),) = lease_of(room, 102)
    room.back("dhcp")
    assert address_of(room, 102) == numbered(stored)


def numbered(address: int) -> str:
    return ".".join(str(byte) for byte in address.to_bytes(4, "big"))


# ── boot ─────────────────────────────────────────────────────────────────────────────────────────


def tokens(room: CrashRoom) -> set[str]:
    found = room.rows("boot.db", "SELECT token FROM token WHERE mac = ?", MAC)
    return {token for (token,) in found}


def test_a_script_whose_token_was_not_on_disk_never_left(room: CrashRoom) -> None:
    before = tokens(room)
    with room.ends("boot.scripted"):
        assert room.script() == ""
    assert tokens(room) == before
    room.back("boot")
    assert part_arrives(room, until(room.script, "there is a script"))


def test_a_token_that_nobody_got_hinders_nobody(room: CrashRoom) -> None:
    before = tokens(room)
    with room.ends("boot.granted"):
        assert room.script() == ""
    assert len(tokens(room) - before) == 1
    room.back("boot")
    assert part_arrives(room, until(room.script, "there is a script"))


def part_arrives(room: CrashRoom, script: str) -> bool:
    (path,) = [
        word.removeprefix("http://10.77.0.1")
        for word in script.split()
        if word.endswith("/bzImage")
    ]
    return room.curl(path).stdout == "kernel\n"


def test_a_phone_home_on_disk_is_known_though_it_was_not_answered(room: CrashRoom) -> None:
    path = room.address()
    ident = path.removeprefix("/up/").partition(".")[0]
    with room.ends("boot.heard"):
        assert room.curl(path, "-d", "toplevel=/nix/store/x").returncode != 0
    asked = "SELECT state, toplevel FROM boot WHERE id = ?"
    assert room.rows("boot.db", asked, ident) == [("up", "/nix/store/x")]
    room.back("boot")
    again = ("-d", "toplevel=/nix/store/x", "-w", "%{http_code}")
    until(lambda: room.curl(path, *again).stdout.endswith("409"), "boot answers that it knows")
    assert room.rows("boot.db", asked, ident) == [("up", "/nix/store/x")]


# ── build ────────────────────────────────────────────────────────────────────────────────────────


def refresh(room: CrashRoom) -> None:
    """A new revision, which the role builds by itself."""
    room.change()
    room.router.client.post(f"/sources/{room.source}/refresh")


def assert_built_once_more(room: CrashRoom, before: list[str]) -> None:
    room.back("build")
    until(lambda: len(room.served()) == len(before) + 1, "the table names one more")
    assert room.served()[1:] == before
    assert room.served() == room.generations()
    assert set(room.served()) <= room.manifests()
    states = room.rows("build.db", "SELECT DISTINCT state FROM build WHERE host = ?", room.host)
    assert states == [("built",)]


def test_files_that_no_manifest_names_are_built_again(room: CrashRoom) -> None:
    before, manifests = room.served(), room.manifests()
    with room.ends("build.realised"):
        refresh(room)
    assert room.manifests() == manifests
    assert_built_once_more(room, before)


def test_a_manifest_without_a_generation_is_served_to_nobody(room: CrashRoom) -> None:
    before, manifests = room.served(), room.manifests()
    with room.ends("build.written"):
        refresh(room)
    assert len(room.manifests() - manifests) == 1
    assert (room.generations(), room.served()) == (before, before)
    assert_built_once_more(room, before)


def test_a_generation_that_was_recorded_comes_into_the_table(room: CrashRoom) -> None:
    before = room.served()
    with room.ends("build.recorded"):
        refresh(room)
    assert len(room.generations()) == len(before) + 1
    assert room.served() == before
    assert_built_once_more(room, before)


# ── net ──────────────────────────────────────────────────────────────────────────────────────────


def propose(room: CrashRoom, number: int) -> tuple[int, str]:
    """Add a network to the configuration; the revision's number, and the change."""
    config = room.router.client.get("/config")["config"]
    config["networks"].append(
        {"name": f"guest{number}", "bridge": f"br-g{number}", "ports": [],
         "address": f"10.7{number}.0.1/24"}
    )  # fmt: skip
    done = room.router.client.post("/config", config)
    return int(done["subject"]), done["wish"]


def keep(room: CrashRoom, change: str) -> None:
    room.router.client.post(f"/change/{change}/keep")


def addresses(room: CrashRoom) -> str:
    return room.router.inside("ip", "-4", "-o", "addr", "show").stdout


def sliced(room: CrashRoom) -> str:
    """What net published, but for what goes on by itself: the least time of the clock, and until
    when hosts believe in the prefixes that they are told of."""
    ((body,),) = room.rows("net.db", "SELECT body FROM slice")
    found = json.loads(body)
    found["time"].pop("floor")
    for network in found["ipv6"]["networks"]:
        network["prefixes"] = [one[:-1] for one in network["prefixes"]]
    return json.dumps(found)


def change_state(room: CrashRoom) -> str:
    return str(room.router.client.get("/change")["state"])


def assert_kept(room: CrashRoom, number: int) -> None:
    revision, change = propose(room, number)
    keep(room, change)
    until(lambda: change_state(room) == "kept", "it is kept")
    assert f"10.7{number}.0.1/24" in addresses(room)
    assert json.loads(sliced(room))["revision"] == revision
    assert f"guest{number}" in sliced(room)


@pytest.mark.parametrize(
    ("point", "number"),
    [("net.stepped", 1), ("net.applied", 2), ("net.cutting", 3)],
)
def test_a_change_cut_off_anywhere_is_undone(room: CrashRoom, point: str, number: int) -> None:
    before, kept = sliced(room), room.rows("net.db", "SELECT revision FROM kept")
    with room.ends(point):
        revision, _ = propose(room, number)
    assert sliced(room) == before
    assert room.rows("net.db", "SELECT revision FROM kept") == kept
    room.back("net")
    until(lambda: change_state(room) == "undone", "it is undone")
    assert f"10.7{number}.0.1/24" not in addresses(room)
    assert sliced(room) == before
    undone = room.rows("net.db", "SELECT body FROM event WHERE kind = 'RevisionUndone'")
    assert json.loads(undone[-1][0])["revision"] == revision
    assert_kept(room, number)


def test_a_change_whose_keep_was_confirmed_is_kept(room: CrashRoom) -> None:
    with room.ends("net.converged"):
        revision, change = propose(room, 4)
        keep(room, change)
    assert room.rows("net.db", "SELECT revision FROM kept") != [(revision,)]
    room.back("net")
    until(lambda: change_state(room) == "kept", "it is kept")
    assert room.rows("net.db", "SELECT revision FROM kept") == [(revision,)]
    until(lambda: "10.74.0.1/24" in addresses(room), "its address is there")


# ── web ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_act_on_disk_reaches_the_audit_after_a_crash(room: CrashRoom) -> None:
    new = "52:54:00:63:72:99"
    with room.ends("web.acted"), suppress(Failed):
        room.router.client.post("/machines", {"mac": new, "name": "survivor"})
    asked = "SELECT count(*) FROM audit WHERE verb = 'add_machine' AND what LIKE 'survivor %'"
    assert room.rows("access.db", asked) == [(0,)]
    room.back("web")
    assert room.router.client.get("/machines/survivor")["macs"][0]["mac"] == new
    assert room.rows("access.db", asked) == [(1,)]


ASK = """
from dnslib import DNSRecord
print(DNSRecord.parse(DNSRecord.question("nixie.lan").send("10.77.0.1", timeout=2)).a.rdata)
"""


# ── all of them ──────────────────────────────────────────────────────────────────────────────────


def test_names_are_answered_again_after_kill_9(room: CrashRoom) -> None:
    before = room.router.pid("dns")
    os.kill(before, signal.SIGKILL)
    until(lambda: room.router.role("dns").get("pid") not in (None, before), "dns is back")

    def answered() -> str:
        inside = ["ip", "netns", "exec", room.lan, sys.executable, "-c", ASK]
        return subprocess.run(inside, capture_output=True, text=True, check=False).stdout

    assert "10.77.0.1" in until(answered, "dns answers")


def stands_still_at(room: CrashRoom, point: str, bring: Callable[[], None]) -> None:
    """The role that comes by `point` is not heard of any more; it is killed and started again."""
    role = point.partition(".")[0]
    before = room.router.role(role)
    (room.faults / f"{point}.stop").touch()
    try:
        bring()
        until(lambda: room.router.role(role)["restarts"] > before["restarts"], "it is killed")
        assert "had not given a sign of life for 10 s" in room.router.role(role)["why"]
    finally:
        (room.faults / f"{point}.stop").unlink()
    room.back(role)


def test_a_role_whose_loop_stands_still_is_started_again(room: CrashRoom) -> None:
    def ask() -> None:
        with room.asking(103):
            until(lambda: "had not" in room.router.role("dhcp")["why"], "it is killed")

    stands_still_at(room, "dhcp.answered", ask)
    assert address_of(room, 103).startswith("10.77.0.")


def test_an_admin_whose_threads_all_stand_still_is_started_again(room: CrashRoom) -> None:
    def act(number: int) -> None:
        with suppress(Failed):
            Client(Where(room.router.state)).post("/menus", {"name": f"stuck-{number}"})

    def ask() -> None:
        with ThreadPoolExecutor(THREADS) as crowd:
            list(crowd.map(act, range(THREADS)))

    stands_still_at(room, "web.acted", ask)
    assert room.router.client.get("/status")["claimed"] is False


def test_every_point_was_hit(room: CrashRoom) -> None:
    assert room.hit == set(POINTS)

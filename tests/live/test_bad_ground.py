"""A router on bad ground: no Nix or an old one, a full disk, a newer state, taken ports."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.cli.client import Failed
from tests.live.bad_place import LEASE, Bad, bad, prepared
from tests.live.nix_place import OLD_NIX
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
    pytest.mark.xdist_group("bad-ground"),
]

DISK_BYTES = 64 << 20
WIDE = """{
  outputs = { self }: let host = import ../host.nix; run = (host "x" { }).run; in {
    nixosConfigurations = {
      ember = host "ember" { };
      wide = host "wide" {
        build.squashfsStore = run "squashfs-wide" "b dd if=/dev/zero of=$out bs=1M count=80";
      };
    };
  };
}
"""


# ── Nix ───────────────────────────────────────────────────────────────────────────────────────────


def test_without_nix_every_source_says_so() -> None:
    with bad("nix", nix=Path("/nowhere")) as here:
        what = "Nix is missing: run set-up again, or install Nix 2.26 or newer."
        source = here.add(here.url("changes"))
        found = here.settled(source)
        assert (found["state"], found["what"]) == ("unreadable", what)
        assert what in here.page(f"/sources/{source}")
        assert f"could not be read. {what}" in here.page("/")
        (trouble,) = here.troubles()
        assert trouble.endswith(f"could not be read. {what}")


@pytest.mark.skipif(not OLD_NIX.exists(), reason="Nix 2.8 is not unpacked here")
def test_nix_2_8_builds_the_owners_sources_and_refuses_strangers() -> None:
    with bad("old", nix=OLD_NIX.parents[2]) as here:
        mine = here.add(f"path:{at_the_top(here)}")
        below = here.add(here.url("changes"))
        strange = here.add(here.url("limits"), trust="stranger")
        found = here.settled(strange)
        assert found["state"] == "unreadable"
        assert found["what"].startswith("Nix 2.8.0 has known holes (CVE-2024-27297: ")
        assert "Install a repaired Nix" in found["what"]
        assert found["what"] in here.page(f"/sources/{strange}")
        found = here.settled(mine)
        assert (found["state"], found["what"]) == ("ready", "")
        (warned, *_) = found["revision"]["findings"]
        holes = "Nix 2.8.0 has known holes (CVE-2024-27297: "
        assert warned["what"].startswith(holes)
        assert ". Sources of your own are built; strangers' are refused" in warned["what"]
        assert holes in here.page(f"/sources/{mine}")
        assert here.built(f"{mine}/ember")["state"] == "built"
        assert here.settled(below)["what"] == (
            "This Nix is too old to read a flake below the top of its source (?dir=). Install Nix "
            "2.26 or newer, or move flake.nix to the top."
        )


def at_the_top(here: Bad) -> Path:
    """The flake that changes, with everything it needs beside it."""
    folder = here.router.home / "flakes/top"
    shutil.copytree(here.folder / "bin", folder / "bin")
    shutil.copy(here.folder / "host.nix", folder)
    text = (here.folder / "changes/flake.nix").read_text()
    (folder / "flake.nix").write_text(text.replace("../host.nix", "./host.nix"))
    return folder


# ── disk ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def small() -> Iterator[Bad]:
    """A router whose state lies on a small disk, with one image that a machine boots."""
    with small_disk() as here:
        flake = here.folder / "changes/flake.nix"
        flake.write_text(WIDE.partition("      wide")[0] + "    };\n  };\n}\n")
        source = here.add(here.url("changes"))
        here.settled(source)
        assert here.built(f"{source}/ember")["state"] == "built"
        here.router.client.put("/machines/52:54:00:00:0b:0a/intent", {"host": f"{source}/ember"})
        until(lambda: "52:54:00:00:0b:0a" in json.dumps(here.table()), "the table names it")
        here.inside_lan("ip", "address", "add", "10.77.0.250/24", "dev", "switch")
        flake.write_text(WIDE)  # only now: what fills the disk leaves no room for the rest
        here.refreshed(source)
        yield here


@contextmanager
def small_disk() -> Iterator[Bad]:
    with prepared("disk") as router:
        words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "nixie-bad"]
        subprocess.run([*words, str(router.state)], check=True)
        try:
            (router.state / "store/nix").mkdir(parents=True)
            router.start()
            here = Bad(router, router.home / "flakes")
            router.client.post("/directories", {"path": str(here.folder)})
            yield here
        finally:
            router.stop()
            subprocess.run(["umount", "-l", str(router.state)], check=True)


def test_a_build_that_fills_the_disk_ends_with_a_sentence(small: Bad) -> None:
    (source,) = small.router.client.get("/sources")
    pids = small.pids()
    build = small.built(f"{source['id']}/wide")
    what = str(build["what"])  # Nix meets the end of the disk, or the router stops it just before
    assert build["state"] == "failed"
    assert what.startswith("The disk of the store is full. ")
    assert what.endswith("Make room on it or give it more, then build again.")
    assert what in small.page(f"/builds/{build['id']}")
    assert small.pids() == pids


def full(small: Bad) -> list[str]:
    """What is wrong with the disk right now."""
    return [trouble for trouble in small.troubles() if trouble.startswith("The disk with ")]


def test_on_a_full_disk_machines_go_on_booting(small: Bad) -> None:
    (source,) = small.router.client.get("/sources")
    small.built(f"{source['id']}/wide")
    pids = small.pids()
    filled = fill(small.router.state)

    def told_full() -> list[str]:
        fill(small.router.state)  # what was let go meanwhile, too
        return full(small)

    try:
        (trouble,) = until(told_full, "the trouble is told")
        assert trouble == (
            f"The disk with {small.router.state} is full. What is published is still served, but "
            "nothing new can be kept. Delete what else lies on it, or give it more room."
        )
        until(lambda: told_full() and trouble in small.page("/"), "the page shows it")
        ack = small.inside_lan(*LEASE)
        assert small.router.client.get("/status")["leases"] >= 1, ack
        told = small.inside_lan("curl", "-sS", "http://10.77.0.1/s/52-54-00-00-0b-0a")
        (kernel,) = {word for word in told.split() if word.endswith("/bzImage")}
        assert small.inside_lan("curl", "-sS", kernel) == "kernel\n"
        assert small.pids() == pids
    finally:
        filled.unlink()
    until(lambda: not full(small), "the trouble is over")


def test_on_a_full_disk_the_network_can_be_changed(small: Bad) -> None:
    """Every role's file has room of its own, and a log that begins anew: nobody ends."""
    router, pids = small.router, small.pids()
    filled = fill(router.state)
    try:
        for number in range(3):
            config = router.client.get("/config")["config"]
            router.client.put("/draft", {**config, "hostname": f"full{number}"})
            config["networks"][0]["dhcp"]["pool"]["lease_seconds"] = 3600 + number
            change = router.client.post("/config", config)["wish"]
            until(lambda: router.client.get("/change")["state"] == "on trial", "it is on trial")
            router.client.post(f"/change/{change}/{'keep' if number else 'undo'}")
            state = "kept" if number else "undone"
            until(lambda state=state: router.client.get("/change")["state"] == state, state)
            small.inside_lan(*LEASE)
        config = router.client.get("/config")["config"]
        assert config["networks"][0]["dhcp"]["pool"]["lease_seconds"] == 3602
        assert small.pids() == pids
    finally:
        filled.unlink()


def test_what_was_assigned_on_a_full_disk_is_served_once_there_is_room(small: Bad) -> None:
    (source,) = small.router.client.get("/sources")
    mac, build = "52:54:00:00:0b:0b", small.router.pid("build")
    os.kill(build, signal.SIGSTOP)
    small.router.client.put(f"/machines/{mac}/intent", {"host": f"{source['id']}/ember"})
    filled = fill(small.router.state)
    try:
        os.kill(build, signal.SIGCONT)
        for _ in range(10):  # it tries to write the table down, again and again
            time.sleep(0.1)
            fill(small.router.state)  # what somebody else let go meanwhile
        assert mac not in json.dumps(small.table())
    finally:
        filled.unlink()
    until(lambda: mac in json.dumps(small.table()), "the table names the machine")


def test_after_a_full_disk_the_next_build_is_done(small: Bad) -> None:
    (source,) = small.router.client.get("/sources")
    small.router.client.post(f"/hosts/{source['id']}/ember/build")
    until(lambda: len(small.router.client.get("/builds")) == 3, "the build is queued")
    assert small.built(f"{source['id']}/ember")["state"] == "unchanged"


def fill(folder: Path) -> Path:
    """A file that takes all that is left; again, what has become free since."""
    place = folder / "fill"
    words = ["dd", "if=/dev/zero", f"of={place}", "bs=4k", "oflag=append", "conv=notrunc"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "No space left on device" in done.stderr
    return place


# ── state of a newer version ──────────────────────────────────────────────────────────────────────

ROLES = {"net.db": "net", "leases.db": "dhcp", "boot.db": "boot", "build.db": "build"}


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Bad]:
    with bad("newer") as here:
        yield here


@pytest.mark.parametrize("file", ROLES)
def test_a_file_of_a_newer_version_stops_its_role_alone(upgraded: Bad, file: str) -> None:
    router, role = upgraded.router, ROLES[file]
    others = {name: pid for name, pid in upgraded.pids().items() if name != role}
    before = raised(router.state / file, 99)
    os.kill(router.pid(role), signal.SIGKILL)
    what = (
        f"{file} was written by a newer Nixie (its layout is 99, this one knows {before}). Start "
        "the newer version, or restore the backup made before it."
    )
    trouble = f"{role} does not run. {what}"
    until(lambda: trouble in upgraded.troubles(), f"{role} says why it does not run")
    assert f"{trouble[0].upper()}{trouble[1:]}" in upgraded.page("/")
    assert {name: router.pid(name) for name in others} == others
    raised(router.state / file, before)
    until(lambda: router.role(role).get("state") == "runs", f"{role} runs again")
    until(lambda: upgraded.troubles() == [], "nothing is wrong any more")


@pytest.mark.parametrize("file", ["nixie.db", "access.db"])
def test_the_webs_files_of_a_newer_version_stop_the_web_alone(upgraded: Bad, file: str) -> None:
    router = upgraded.router
    others = {name: pid for name, pid in upgraded.pids().items() if name != "web"}
    before = layout(router.state / file, "9999_of_the_future")
    os.kill(router.pid("web"), signal.SIGKILL)
    why = f"{file} was written by a newer Nixie (its layout is 9999_of_the_future, this one knows"
    until(lambda: why in router.role("web").get("why", ""), "the web says why it ended")
    router.client.close()
    with pytest.raises(Failed) as failed:
        router.client.get("/status")
    assert f"web does not run. {why}" in str(failed.value)
    assert {name: router.pid(name) for name in others} == others
    layout(router.state / file, before)
    until(router.answers, "the web is back")


def raised(path: Path, to: int) -> int:
    """Set a file's layout; what it was."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        (before,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version={to}")
    return int(before)


def layout(path: Path, to: str) -> str:
    """Set the layout of one of web's files; what it was."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        (before,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = ?", (to,))
        connection.commit()
    return str(before)


# ── ports ─────────────────────────────────────────────────────────────────────────────────────────

TAKEN = {67: "udp", 80: "tcp"}


def test_taken_ports_are_told_with_their_holders() -> None:
    with prepared("ports") as router:
        space = router.namespace
        thieves = {port: thief(space, kind, port) for port, kind in TAKEN.items()}
        try:
            router.start()
            here = Bad(router, router.home / "flakes")
            wanted = {
                f"{kind.upper()} port {port} on br-lan is taken by python3 "
                f"(pid {thieves[port].pid}): stop it, or take br-lan from it."
                for port, kind in TAKEN.items()
            }
            until(lambda: set(here.troubles()) == wanted, "the taken ports are told")
            page = here.page("/")
            assert all(what in page for what in wanted)
            assert "A part of the router does not work." in page
        finally:
            for one in thieves.values():
                one.kill()
                one.wait()
        until(lambda: here.troubles() == [], "the ports are ours")


def thief(space: str, kind: str, port: int) -> "subprocess.Popen[bytes]":
    """A process that takes a port as soon as the namespace is there; nobody of ours is yet."""
    program = (
        "import socket, time\n"
        f"taken = socket.socket(socket.AF_INET, socket.SOCK_{SOCKETS[kind]})\n"
        f"taken.bind(('', {port}))\n"
        f"{'taken.listen()' if kind == 'tcp' else ''}\n"
        "time.sleep(999)\n"
    )
    there = f"until ip netns exec {space} true 2> /dev/null; do sleep 0.05; done"
    words = f'{there}; exec ip netns exec {space} python3 -c "$0"'
    return subprocess.Popen(["sh", "-c", words, program])


SOCKETS = {"udp": "DGRAM", "tcp": "STREAM"}

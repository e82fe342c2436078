"""The supervisor with real processes, users, sockets and network namespaces."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from appliance.errors import Refused
from appliance.events import RoleEnded, RoleReady, RoleUnserved, ServiceFailed, say
from appliance.store.standing.open import GONE, standings
from services.nix.daemon import DaemonRequest, Folder, bounds_for
from services.processes.driver import ability
from services.processes.probe import holders
from services.supervisor.child import Patience
from services.supervisor.proof.driver import proved
from services.supervisor.serve import supervise
from tests.live.house import (
    CONFINED,
    SERVER,
    USERS,
    House,
    alive,
    ask,
    cable,
    during,
    house,
    ip,
    started,
    until,
)
from tests.live.waiting import quickest

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
]

__all__ = ["house"]


def test_a_role_runs_as_its_own_user_with_its_own_capabilities_only(house: House) -> None:
    async def look() -> None:
        house.publish("lan0")
        await house.ready("dhcp")
        told = house.said("dhcp")
        who = USERS["dhcp"]
        assert told["Uid"].split() == [str(who.uid)] * 4
        assert told["Gid"].split() == [str(who.gid)] * 4
        assert told["Groups"].strip() == ""
        raw, bind = 1 << 13, 1 << 10  # CAP_NET_RAW, CAP_NET_BIND_SERVICE
        for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(told[kind], 16) == raw | bind
        assert told["NoNewPrivs"] == "1"
        assert told["Umask"] == "0027"
        assert told["sockets"] == ["dhcp.lan0", "pxe.lan0"]
        inside = os.stat(f"/run/netns/{house.router}").st_ino
        assert told["namespace"] == f"net:[{inside}]"

    during(house, house.plan("dhcp", "net"), look)


def test_a_role_outside_the_lab_is_not_in_the_namespace(house: House) -> None:
    async def look() -> None:
        await house.ready("build")
        assert house.said("build")["namespace"] == os.readlink("/proc/self/ns/net")

    during(house, house.plan("build"), look)


def test_a_killed_role_is_started_again(house: House) -> None:
    async def kill() -> None:
        first = await house.ready("build")
        os.kill(first, signal.SIGKILL)
        second = await house.ready("build", times=2)
        assert second != first
        (ended,) = house.of(RoleEnded)
        assert say(ended) == "build ended: It was ended by signal 9. It starts again at once."
        assert house.of(ServiceFailed) == []

    during(house, house.plan("build"), kill)


def test_a_killed_role_is_back_within_a_second(house: House) -> None:
    took = []

    async def kill() -> None:
        os.kill(await house.ready("build"), signal.SIGKILL)
        killed = time.monotonic()
        await house.ready("build", times=2)
        took.append(time.monotonic() - killed)

    def seconds() -> float:
        house.events.clear()
        during(house, house.plan("build"), kill)
        return took[-1]

    assert quickest(seconds, 1) < 1


def test_a_role_that_keeps_ending_comes_back_later(house: House) -> None:
    async def kill() -> None:
        for times in (1, 2):
            os.kill(await house.ready("build", times), signal.SIGKILL)
        (failed,) = await until(lambda: house.of(ServiceFailed))
        assert say(failed) == "build stopped: It was ended by signal 9. It starts again in 1 s."
        await house.ready("build", times=3)

    during(house, house.plan("build"), kill)


def test_a_datagram_sent_while_the_role_is_dead_is_answered_by_the_next_one(house: House) -> None:
    async def kill() -> None:
        house.publish("lan0")
        first = await house.ready("dns")
        assert await house.asked(53) == (first, "dns-udp.lan0")
        os.kill(first, signal.SIGKILL)
        await until(lambda: not alive(first))
        waiting = asyncio.create_task(asyncio.to_thread(ask, house.client, 53, SERVER, 60))
        second = await house.ready("dns", times=2)
        assert await waiting == (second, "dns-udp.lan0")

    patience = Patience(ready_seconds=60, beat_seconds=60, away_seconds=60)
    during(house, house.plan("dns", "net", patience=patience), kill)


def test_a_role_that_stands_still_is_killed_and_started_again(house: House) -> None:
    async def stop() -> None:
        first = await house.ready("build")
        os.kill(first, signal.SIGSTOP)
        second = await house.ready("build", times=2)
        assert second != first
        (ended,) = house.of(RoleEnded)
        assert ended.why == "It had been stopped by a signal for 1 s and was killed."

    during(house, house.plan("build"), stop)


def test_a_role_that_goes_on_in_time_is_left_alone(house: House) -> None:
    async def pause() -> None:
        first = await house.ready("build")
        os.kill(first, signal.SIGSTOP)
        await asyncio.sleep(0.5)
        os.kill(first, signal.SIGCONT)
        await asyncio.sleep(patience.still_seconds + 0.5)
        assert house.status("build")["pid"] == first
        assert house.of(RoleEnded) == []

    patience = Patience(beat_seconds=60, still_seconds=5)
    during(house, house.plan("build", patience=patience), pause)


def test_a_role_that_gives_no_sign_of_life_is_killed(house: House) -> None:
    (house.folder / "program/build.silent").touch()

    async def wait() -> None:
        await until(lambda: house.of(RoleEnded))
        why = "It had not given a sign of life for 4 s and was killed."
        assert house.of(RoleEnded)[0].why == why

    during(house, house.plan("build", patience=Patience(beat_seconds=4)), wait)


def test_a_role_that_never_becomes_ready_is_killed(house: House) -> None:
    (house.folder / "program/build.mute").touch()
    patience = Patience(ready_seconds=2, beat_seconds=4)

    async def wait() -> None:
        await until(lambda: house.of(RoleEnded))
        assert "It had not become ready for 2 s" in house.of(RoleEnded)[0].why

    during(house, house.plan("build", patience=patience), wait)


def test_a_role_that_dies_before_it_can_speak_is_known_by_its_last_line(house: House) -> None:
    program = "import sys; open(sys.argv[1])"

    async def wait() -> None:
        await until(lambda: house.of(RoleEnded))
        why = "It ended with status 1: FileNotFoundError: [Errno 2] No such file or directory: 'x'"
        assert house.of(RoleEnded)[0].why == why
        assert house.status("build")["why"] == why
        assert not house.of(RoleReady)

    plan = house.plan("build", program=lambda _: [sys.executable, "-c", program, "x"])
    during(house, plan, wait)


def test_the_first_configuration_is_for_the_group_of_roles(house: House) -> None:
    before = os.umask(0o077)

    async def look() -> None:
        await house.ready("build")
        found = (house.state / "run/first.json").stat()
        assert (found.st_mode & 0o777, found.st_gid) == (0o640, USERS["web"].gid)

    try:
        during(house, house.plan("build", "net", first="{}"), look)
    finally:
        os.umask(before)


def test_a_socket_answers_only_on_its_own_interface(house: House) -> None:
    cable(house, "wan0", 1)

    async def knock() -> None:
        house.publish("lan0")
        await house.ready("dns")
        assert (await house.asked(53))[1] == "dns-udp.lan0"
        for _ in range(3):
            assert await asyncio.to_thread(ask, house.client, 53, "10.71.1.1") is None

    during(house, house.plan("dns", "net"), knock)


def test_a_role_that_needs_sockets_waits_for_what_net_publishes(house: House) -> None:
    async def wait() -> None:
        await house.ready("net")
        assert not [one for one in house.of(RoleReady) if one.role == "dhcp"]
        house.publish("lan0")
        await house.ready("dhcp")

    during(house, house.plan("dhcp", "net"), wait)


def test_a_new_network_brings_its_socket_to_the_role(house: House) -> None:
    async def widen() -> None:
        house.publish("lan0")
        await house.ready("dns")
        cable(house, "lan1", 1)
        house.publish("lan0", "lan1")
        await house.ready("dns", times=2)
        assert (await until(lambda: ask(house.client, 53, "10.71.1.1")))[1] == "dns-udp.lan1"
        assert house.of(RoleEnded) == []

    during(house, house.plan("dns", "net"), widen)


def test_an_interface_made_again_is_listened_on_again(house: House) -> None:
    async def replug() -> None:
        house.publish("lan0")
        first = await house.ready("dns")
        assert (await house.asked(53))[0] == first
        ip("-n", house.router, "link", "del", "lan0")
        cable(house, "lan0", 0)
        pid, name = await house.asked(53)
        assert name == "dns-udp.lan0"
        assert pid != first

    during(house, house.plan("dns", "net"), replug)


def test_g47_a_taken_port_is_said_with_the_name_of_its_holder(house: House) -> None:
    program = "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    program += "s.bind(('', 67)); print('here', flush=True); time.sleep(999)"
    thief = subprocess.Popen(
        ["ip", "netns", "exec", house.router, "python3", "-c", program],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert thief.stdout is not None
    thief.stdout.readline()

    async def start() -> None:
        house.publish("lan0")
        await house.ready("dhcp")
        assert house.said("dhcp")["sockets"] == ["pxe.lan0"]
        sentence = (
            f"UDP port 67 on lan0 is taken by python3 (pid {thief.pid}): stop it, or take lan0 "
            "from it."
        )
        assert house.of(RoleUnserved) == [RoleUnserved("dhcp", "dhcp.lan0", sentence)]
        assert house.status("dhcp")["problems"] == {"dhcp.lan0": sentence}
        await house.ready("dns")
        thief.kill()
        await until(lambda: thief.poll() is not None)
        await house.ready("dhcp", times=2)
        assert house.said("dhcp")["sockets"] == ["dhcp.lan0", "pxe.lan0"]

    try:
        during(house, house.plan("dhcp", "dns", "net"), start)
    finally:
        thief.kill()
        thief.wait()


@pytest.mark.parametrize(
    ("kind", "port", "role", "name", "left"),
    [
        ("udp", 69, "boot", "tftp.lan0", ["boot.lan0"]),
        ("tcp", 80, "boot", "boot.lan0", ["tftp.lan0"]),
        ("tcp", 443, "web", "admin.lan0", ["own"]),
    ],
)
def test_a_role_goes_on_without_a_port_that_is_taken(
    house: House, kind: str, port: int, role: str, name: str, left: list[str]
) -> None:
    program = f"import socket, time; s = socket.socket(type=socket.SOCK_{SOCKETS[kind]}); "
    program += f"s.bind(('', {port})); {'s.listen(); ' if kind == 'tcp' else ''}"
    program += "print('here', flush=True); time.sleep(999)"
    thief = subprocess.Popen(
        ["ip", "netns", "exec", house.router, "python3", "-c", program],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert thief.stdout is not None
    thief.stdout.readline()

    async def start() -> None:
        house.publish("lan0")
        sentence = (
            f"{kind.upper()} port {port} on lan0 is taken by python3 (pid {thief.pid}): stop it, "
            "or take lan0 from it."
        )
        await house.ready(role)
        await until(lambda: house.status(role)["problems"] == {name: sentence})
        assert house.said(role)["sockets"] == left
        thief.kill()
        await until(lambda: thief.poll() is not None)
        await until(lambda: house.status(role)["problems"] == {})
        await until(lambda: house.said(role)["sockets"] == sorted([*left, name]))

    try:
        during(house, house.plan(role, "net"), start)
    finally:
        thief.kill()
        thief.wait()


SOCKETS = {"udp": "DGRAM", "tcp": "STREAM"}


def test_the_web_listens_on_loopback_outside_the_namespace_in_the_lab(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    async def call() -> None:
        pid = await house.ready("web")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as talk:
            assert talk.recv(99).decode() == f"{pid} admin-local"
        house.publish("lan0")
        await house.ready("dns")
        assert house.said("web")["sockets"] == ["admin-local", "own"]

    during(house, house.plan("web", "dns", "net", admin_local_port=port), call)


def test_our_nix_daemon_is_started_with_its_files_and_started_again(house: House) -> None:
    conf = house.folder / "conf"

    def request() -> DaemonRequest:
        argv = ("/bin/sh", "-c", f"echo $$ >> {house.folder}/pids; exec sleep 600")
        folders, files = (Folder(conf, 0o755),), {conf / "a": "b"}
        return DaemonRequest(argv, {"PATH": "/bin"}, folders, files, bounds_for(1 << 30))

    def pids() -> list[int]:
        path = house.folder / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    async def kill() -> None:
        await until(lambda: len(pids()) == 1)
        assert (conf / "a").read_text() == "b"
        os.kill(pids()[0], signal.SIGKILL)
        await until(lambda: len(pids()) == 2)

    during(house, house.plan("build", nix_daemon=request), kill)
    assert not alive(pids()[-1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_role_outlives_the_supervisor(house: House, number: int) -> None:
    outside, pids = started(house)
    outside.send_signal(number)
    code = outside.wait(timeout=60)
    assert code == (-number if number == signal.SIGKILL else 0)
    deadline = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, pids))


def test_what_a_killed_supervisor_said_of_its_roles_is_not_told_as_running(house: House) -> None:
    outside, pids = started(house)
    assert {one.state for one in standings(house.state)} == {"runs"}
    outside.kill()
    outside.wait(timeout=60)
    assert house.status("net")["state"] == "runs"  # the file is still there
    assert {(one.name, one.state) for one in standings(house.state)} == {
        ("net", GONE),
        ("build", GONE),
    }
    deadline = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_the_program_is_proved_readable_for_every_role(house: House) -> None:
    able = ability([one.uid for one in USERS.values()])
    assert proved(house.installed, {**USERS, **CONFINED}, able) == ()
    (house.folder / "program/services/systemd/notify.py").chmod(0o600)
    first, *_ = proved(house.installed, {"dns": USERS["dns"]}, able)
    assert "services/systemd/notify.py cannot be read" in first
    assert first.endswith("Install it where every user may read it, such as /opt/nixie.")


def test_a_program_in_a_closed_home_is_not_proved(house: House) -> None:
    house.folder.chmod(0o700)
    able = ability([one.uid for one in USERS.values()])
    (sentence,) = proved(house.installed, {"dns": USERS["dns"]}, able)
    house.folder.chmod(0o755)
    assert sentence.startswith(f"The role dns (user nixie-dns, {USERS['dns'].uid}) cannot run")


def test_a_log_that_grew_is_moved_aside(house: House) -> None:
    async def grow() -> None:
        await house.ready("build")
        log = house.state / "logs/build.log"
        with log.open("ab") as file:
            file.write(b"x" * (2 << 20))
        aside = house.state / "logs/build.log.1"
        await until(aside.exists)
        await until(lambda: log.stat().st_size < 1 << 20)

    during(house, house.plan("build"), grow)


def test_two_supervisors_do_not_share_a_state(house: House) -> None:
    async def again() -> None:
        await house.ready("build")
        with pytest.raises(Refused, match="Another nixie run uses"):
            await supervise(house.plan("build"), house.events.append)

    during(house, house.plan("build"), again)


def test_a_missing_namespace_is_said(house: House) -> None:
    with pytest.raises(Refused, match="There is no network namespace /run/netns/nxnone"):
        asyncio.run(supervise(house.plan("build", namespace="nxnone"), house.events.append))


def test_a_taken_admin_port_is_said_with_the_name_of_its_holder(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        holder = rf"TCP port {port} is taken by \S+ \(pid {os.getpid()}\): stop it\."
        with pytest.raises(Refused, match=holder):
            asyncio.run(supervise(house.plan("web", admin_local_port=port), house.events.append))


def test_a_port_of_the_other_family_that_we_have_is_in_nobodys_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        assert os.getpid() in {one.pid for one in holders("tcp", port)}
        assert holders("tcp", port, {os.fstat(ours.fileno()).st_ino}) == ()

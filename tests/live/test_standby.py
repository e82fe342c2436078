"""Something always answers on port 53: while the dns role does not, that there is no answer."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from services.supervisor.child import Patience
from tests.live.house import SERVER, House, ask, during, house, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
]

__all__ = ["house"]

ASK = """
import sys
from dnslib import DNSRecord
said = DNSRecord.parse(DNSRecord.question("nas.lan").send(sys.argv[1], timeout=0.5))
print(said.header.rcode, len(said.rr), said.q.qname)
"""
SERVFAIL = "2 0 nas.lan."
BY_TCP = """
import sys
from dnslib import DNSRecord
asked = DNSRecord.question("nas.lan").send(sys.argv[1], tcp=True, timeout=60)
said = DNSRecord.parse(asked)
print(said.header.rcode, len(said.rr), said.q.qname)
"""
GREETED = """
import socket, sys
with socket.create_connection((sys.argv[1], 53), 60) as line:
    print(line.recv(99).decode())
"""
MANY = """
import socket, sys
from dnslib import DNSRecord
asked = DNSRecord.question("nas.lan").pack()
asked = len(asked).to_bytes(2) + asked
lines = [socket.create_connection((sys.argv[1], 53), 60) for _ in range(40)]
ended = 0
for line in lines:
    try:
        ended += line.recv(1) == b""
    except ConnectionError:
        ended += 1
with socket.create_connection((sys.argv[1], 53), 60) as line:
    line.sendall(asked + asked)
    said = b""
    while len(said) < 2 * len(asked) and (more := line.recv(999)):
        said += more
print(ended, len(said) // len(asked))
"""
LEAVING = Patience(ready_seconds=60, beat_seconds=60, away_seconds=60)
"""However long it takes to start here, nobody stands in."""
PATIENT = Patience(ready_seconds=60, beat_seconds=60)


def told(house: House, program: str = ASK) -> str:
    """What a device hears of the name server: code, records and question; "" for nothing."""
    inside = ["ip", "netns", "exec", house.client, sys.executable, "-c", program, SERVER]
    return subprocess.run(inside, capture_output=True, text=True, check=False).stdout.strip()


def mark(house: House, *words: str) -> None:
    for word in words:
        (house.folder / f"program/dns.{word}").touch()


def test_while_the_role_does_not_start_everybody_is_told(house: House) -> None:
    house.publish("lan0")
    mark(house, "deaf", "mute")

    async def test() -> None:
        await until(lambda: told(house) == SERVFAIL)
        assert house.status("dns")["state"] == "is starting"

    during(house, house.plan("dns", patience=PATIENT), test)


def test_while_the_role_hangs_everybody_is_told(house: House) -> None:
    house.publish("lan0")
    mark(house, "deaf", "silent")

    async def test() -> None:
        await house.ready("dns")
        await until(lambda: told(house) == SERVFAIL)
        assert house.status("dns")["state"] == "runs"

    during(house, house.plan("dns", patience=PATIENT), test)


def test_a_role_that_is_back_answers_alone(house: House) -> None:
    house.publish("lan0")
    mark(house, "deaf", "mute")

    async def test() -> None:
        await until(lambda: told(house) == SERVFAIL)
        for word in ("deaf", "mute"):
            (house.folder / f"program/dns.{word}").unlink()
        os.kill(house.status("dns")["pid"], signal.SIGKILL)
        pid = await house.ready("dns")
        await until(lambda: house.status("dns")["state"] == "runs")  # and nobody stands by
        for _ in range(20):
            answer = await asyncio.to_thread(ask, house.client, 53, SERVER, 60)
            assert answer == (pid, "dns-udp.lan0")

    patience = replace(PATIENT, quiet_seconds=60)
    during(house, house.plan("dns", patience=patience), test)


def test_a_role_that_is_started_again_answers_what_waited(house: House) -> None:
    house.publish("lan0")

    async def test() -> None:
        before = await house.ready("dns")
        os.kill(before, signal.SIGKILL)
        found = await asyncio.to_thread(ask, house.client, 53, SERVER, 60)
        assert found
        assert found[0] not in (None, before)
        assert found[1] == "dns-udp.lan0"

    during(house, house.plan("dns", patience=LEAVING), test)


def test_while_the_role_does_not_start_everybody_is_told_by_tcp(house: House) -> None:
    house.publish("lan0")
    mark(house, "deaf", "mute")

    async def test() -> None:
        await until(lambda: told(house) == SERVFAIL)
        assert await asyncio.to_thread(told, house, BY_TCP) == SERVFAIL
        assert house.status("dns")["state"] == "is starting"

    during(house, house.plan("dns", patience=PATIENT), test)


def test_a_role_that_is_stopped_by_a_signal_leaves_tcp_answered(house: House) -> None:
    house.publish("lan0")
    still = Patience(ready_seconds=60, beat_seconds=60, still_seconds=60)

    async def test() -> None:
        pid = await house.ready("dns")
        os.kill(pid, signal.SIGSTOP)
        try:
            assert await asyncio.to_thread(told, house, BY_TCP) == SERVFAIL
            assert house.status("dns")["pid"] == pid
        finally:
            os.kill(pid, signal.SIGCONT)

    during(house, house.plan("dns", patience=still), test)


def test_a_role_that_is_back_answers_tcp_alone(house: House) -> None:
    house.publish("lan0")
    mark(house, "deaf", "mute")

    async def test() -> None:
        await until(lambda: told(house, BY_TCP) == SERVFAIL)
        for word in ("deaf", "mute"):
            (house.folder / f"program/dns.{word}").unlink()
        os.kill(house.status("dns")["pid"], signal.SIGKILL)
        pid = await house.ready("dns")
        await until(lambda: house.status("dns")["state"] == "runs")  # and nobody stands by
        for _ in range(10):
            assert await asyncio.to_thread(told, house, GREETED) == f"{pid} dns-tcp.lan0"
        assert house.status("dns")["problems"] == {}

    patience = replace(PATIENT, quiet_seconds=60)
    during(house, house.plan("dns", patience=patience), test)


def test_who_calls_and_says_nothing_is_hung_up_on(house: House) -> None:
    house.publish("lan0")
    mark(house, "deaf", "mute")

    async def test() -> None:
        await until(lambda: told(house) == SERVFAIL)
        assert await asyncio.to_thread(told, house, MANY) == "40 2"

    during(house, house.plan("dns", patience=PATIENT), test)

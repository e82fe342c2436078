"""Something always answers on port 53: while the dns role does not, that there is no answer."""

import asyncio
import os
import signal
import subprocess
import sys

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
PATIENT = Patience(ready_seconds=60, beat_seconds=60)


def told(house: House) -> str:
    """What a device hears of the name server: code, records and question; "" for nothing."""
    inside = ["ip", "netns", "exec", house.client, sys.executable, "-c", ASK, SERVER]
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
        await asyncio.sleep(1)
        for _ in range(20):
            assert await asyncio.to_thread(ask, house.client, 53, SERVER) == (pid, "dns-udp.lan0")

    during(house, house.plan("dns", patience=PATIENT), test)


def test_a_role_that_is_started_again_answers_what_waited(house: House) -> None:
    house.publish("lan0")

    async def test() -> None:
        before = await house.ready("dns")
        os.kill(before, signal.SIGKILL)
        found = await asyncio.to_thread(ask, house.client, 53, SERVER, 2.0)
        assert found
        assert found[0] not in (None, before)
        assert found[1] == "dns-udp.lan0"

    during(house, house.plan("dns"), test)

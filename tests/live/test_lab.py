"""The lab's namespaces, made and removed for real; no machine is switched on here."""

import asyncio
import os
import shutil
import subprocess
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.lab.console import Milestone
from services.lab.driver import Lab, boot, raise_lab, standing, tear_down
from services.lab.machine import Machine, Platform
from services.lab.topology import ISP_ADDRESS, ISP_NAME, Names

pytestmark = pytest.mark.live

NOWHERE = Platform("qemu", Path("code.fd"), Path("vars.fd"))


@pytest.fixture
def names() -> Iterator[Names]:
    if os.geteuid() != 0:
        pytest.skip("making namespaces needs root")
    mine = Names(f"nx-{uuid.uuid4().hex[:8]}")
    yield mine
    assert spaces(mine) == []


def spaces(names: Names) -> list[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in listed.stdout.splitlines() if line.startswith(names.prefix)]


def ip(space: str, *arguments: str) -> str:
    return subprocess.run(
        ["ip", "-n", space, *arguments], capture_output=True, text=True, check=True
    ).stdout


def in_a_lab(names: Names, look: Callable[[Lab], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with standing(names, NOWHERE) as lab:
            await look(lab)

    asyncio.run(whole())


def test_a_frame_gets_from_the_router_to_the_switch(names: Names) -> None:
    async def look(_: Lab) -> None:
        assert "master switch" in ip(names.lan, "link", "show", "port0")
        assert "LOWER_UP" in ip(names.router, "link", "show", "lan0")

    in_a_lab(names, look)


def test_the_router_reaches_its_isp(names: Names) -> None:
    async def look(_: Lab) -> None:
        ping = [
            "ip",
            "netns",
            "exec",
            names.router,
            "busybox",
            "ping",
            "-c1",
            "-W5",
            str(ISP_ADDRESS.ip),
        ]
        assert subprocess.run(ping, capture_output=True).returncode == 0

    in_a_lab(names, look)


def test_a_machine_that_kvm_stopped_starts_again_without_it(names: Names, tmp_path: Path) -> None:
    """Some computers have a KVM that stops in the middle; QEMU then waits for ever."""
    qemu = tmp_path / "qemu"
    qemu.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '*"-accel kvm"*) echo "KVM internal error. Suberror: 1"; exec sleep 60 ;;\nesac\n'
        'echo "SeaBIOS (version 1.16.2)"; echo "No bootable device."\n'
    )
    qemu.chmod(0o755)
    lines: list[str] = []

    async def look(lab: Lab) -> None:
        lab.platform = replace(NOWHERE, qemu=str(qemu), accelerator="kvm")
        outcome = await boot(lab, Machine("anvil", "52:54:00:00:00:01"), lines.append, seconds=30)
        assert outcome.has(Milestone.FAILED_BOOT)
        assert lab.platform.accelerator == "tcg"

    in_a_lab(names, look)
    assert lines[1] == "KVM does not run on this computer. The machine starts again without it."


def test_the_lan_sees_nothing_of_the_isp(names: Names) -> None:
    async def look(_: Lab) -> None:
        assert ip(names.lan, "route") == ""

    in_a_lab(names, look)


def test_the_isp_answers_dns(names: Names) -> None:
    async def look(lab: Lab) -> None:
        assert lab.isp is not None
        for _ in range(50):  # it is a child that has only just been started
            asked = await asyncio.create_subprocess_exec(
                "ip", "netns", "exec", names.router,
                "busybox", "nslookup", ISP_NAME, str(ISP_ADDRESS.ip),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            (said, _) = await asked.communicate()
            if f"Name:\t{ISP_NAME}\nAddress: {ISP_ADDRESS.ip}" in said.decode():
                return
        raise AssertionError("the ISP never answered")

    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed here")
    in_a_lab(names, look)


def test_what_an_earlier_lab_left_behind_goes_first(names: Names) -> None:
    subprocess.run(["ip", "netns", "add", names.lan], check=True)
    orphan = subprocess.Popen(["ip", "netns", "exec", names.lan, "sleep", "600"])

    async def look(_: Lab) -> None:
        assert await asyncio.to_thread(orphan.wait, 10) == -9

    in_a_lab(names, look)


def test_tearing_down_twice_is_no_error(names: Names) -> None:
    async def whole() -> None:
        lab = await raise_lab(names, NOWHERE)
        await tear_down(lab)
        await tear_down(lab)

    asyncio.run(whole())


def test_nothing_runs_on_after_a_lab(names: Names) -> None:
    process = []

    async def look(lab: Lab) -> None:
        process.append(lab.isp)

    in_a_lab(names, look)
    if process[0] is not None:
        assert process[0].returncode is not None

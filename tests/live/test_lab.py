"""The lab's namespaces, made and removed for real; what is switched on here is a shell script."""

import asyncio
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.errors import Unreachable
from services.lab.console import Milestone
from services.lab.driver import Lab, boot, raise_lab, standing, tear_down
from services.lab.machine import Firmware, Machine, Platform
from services.lab.serve import note
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


def given_an_address(names: Names) -> None:
    """What `net` does where a router runs."""
    ip(names.router, "address", "add", "203.0.113.2/24", "dev", "wan0")


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
        given_an_address(names)
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


def visit(names: Names, state: Path, qemu: str, *words: str) -> Result:
    """`nixie lab boot` in a lab without a router, its QEMU a script."""
    program = state / "bin/qemu-system-x86_64"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{qemu}\n")
    program.chmod(0o755)
    note(state, names)
    called = ["lab", "boot", "--state", str(state), *words]
    told: list[Result] = []

    async def look(_: Lab) -> None:
        path = f"{program.parent}:{os.environ['PATH']}"
        told.append(await asyncio.to_thread(CliRunner(env={"PATH": path}).invoke, app, called))

    in_a_lab(names, look)
    return told[0]


def test_a_machine_that_nobody_hears_of_in_time_ends_with_6(names: Names, tmp_path: Path) -> None:
    told = visit(names, tmp_path, "exec sleep 60", "--timeout", "1", "--json")
    assert told.exit_code == 6, told.output
    found = json.loads(told.stdout)
    assert (found["ok"], found["late"], found["mac"]) == (False, True, "52:54:00:6e:69:78")


def test_a_machine_that_ends_without_a_word_ends_with_5(names: Names, tmp_path: Path) -> None:
    told = visit(names, tmp_path, "echo 'No bootable device.'")
    assert told.exit_code == 5, told.output
    assert "No bootable device." in told.stdout


def test_with_json_the_console_is_on_standard_error(names: Names, tmp_path: Path) -> None:
    told = visit(names, tmp_path, "echo 'No bootable device.'", "--json")
    assert "No bootable device." in told.stderr
    assert json.loads(told.stdout)["ok"] is False


def test_without_uefi_firmware_a_bios_machine_is_switched_on(names: Names, tmp_path: Path) -> None:
    qemu = tmp_path / "qemu"
    qemu.write_text("#!/bin/sh\necho 'No bootable device.'\n")
    qemu.chmod(0o755)
    bare = Platform(str(qemu), None, None)

    async def look(lab: Lab) -> None:
        lab.platform = bare
        anvil = Machine("anvil", "52:54:00:00:00:01")
        assert (await boot(lab, anvil, print)).has(Milestone.FAILED_BOOT)
        with pytest.raises(Unreachable, match="no UEFI firmware"):
            await boot(lab, replace(anvil, firmware=Firmware.UEFI), print)

    in_a_lab(names, look)


def test_the_lan_sees_nothing_of_the_isp(names: Names) -> None:
    async def look(_: Lab) -> None:
        assert ip(names.lan, "route") == ""

    in_a_lab(names, look)


def test_the_switch_has_no_address(names: Names) -> None:
    async def look(_: Lab) -> None:
        assert ip(names.router, "-6", "address", "show", "dev", "lan0") != ""
        assert ip(names.lan, "-6", "address", "show", "scope", "link") == ""

    in_a_lab(names, look)


def test_the_isp_answers_dns(names: Names) -> None:
    async def look(lab: Lab) -> None:
        assert lab.isp is not None
        given_an_address(names)
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

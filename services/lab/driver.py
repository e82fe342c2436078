"""The door of the lab: makes its namespaces, runs its machines, and takes everything away again.

Needs root, or a user namespace with its own mounts.  All that is started is ended by its process
id; whatever an earlier lab of the same name left behind goes first.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

from appliance.errors import Problem, Refused, Unreachable
from services.lab.console import Console, Milestone, milestone
from services.lab.machine import (
    ARM,
    Firmware,
    Machine,
    Platform,
    command,
    empty_flash,
    needs_variables,
)
from services.lab.topology import (
    Names,
    inside,
    isp_server,
    plugged,
    raised,
    removed,
    tap_name,
    unplugged,
)

OVMF = (  # code and empty variable store, by distribution
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
)
QEMUS_OWN = ("share/qemu/edk2-x86_64-code.fd", "share/qemu/edk2-i386-vars.fd")
"""The same, as QEMU's own build brings it (Nixpkgs, Fedora); below QEMU's prefix."""
ARM_BOARD = ("-machine", "virt", "-cpu", "cortex-a57")
AAVMF = ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd")
U_BOOT = ("/usr/lib/u-boot/qemu_arm64/u-boot.bin",)
PATIENCE_SECONDS = 2.0  # between the polite signal and the other one
BIOS_SECONDS, UEFI_SECONDS = 3.0, 12.0  # with KVM that works each takes less than half
NOTHING_TO_BOOT = frozenset({Milestone.FAILED_BOOT, Milestone.SHELL})
ENDS = NOTHING_TO_BOOT | {Milestone.KVM_STOPPED}


@dataclass(slots=True)
class Lab:
    """A lab that stands: its names, what this computer offers, and what runs in it."""

    names: Names
    platform: Platform
    directory: Path  # variable stores and the ISP's leases; removed with the lab
    isp: asyncio.subprocess.Process | None = None
    taps: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone, and when: seconds after power-on."""

    milestone: Milestone
    seconds: float
    line: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a machine ended: by itself with `exit` (QEMU's code), or by us (None)."""

    reached: tuple[Reached, ...]
    exit: int | None
    seconds: float

    def has(self, wanted: Milestone) -> bool:
        return any(reached.milestone is wanted for reached in self.reached)


async def probe_platform(firmware: Firmware = Firmware.BIOS) -> Platform:
    """Find QEMU and OVMF, try whether KVM really runs; raises `Unreachable` naming the package.

    Without OVMF there are machines with BIOS firmware.  A machine with `firmware` of 64-bit ARM has
    a QEMU of its own, and never KVM.
    """
    if firmware in ARM:
        return _u_boot() if firmware is Firmware.U_BOOT else _arm_platform()
    qemu = shutil.which("qemu-system-x86_64")
    if qemu is None:
        raise Unreachable(
            "There is no qemu-system-x86_64; Debian's package qemu-system-x86 has it."
        )
    flash = uefi(Path(qemu).resolve())
    accelerator = "kvm" if await _kvm_runs(qemu, flash) else "tcg"
    code, variables = flash or (None, None)
    return Platform(qemu, code, variables, accelerator)


def _arm_platform() -> Platform:
    qemu = shutil.which("qemu-system-aarch64")
    flash = uefi(Path(qemu).resolve(), (AAVMF,)) if qemu else None
    if qemu is None or flash is None or not Path(AAVMF[0]).is_file():
        raise Unreachable(
            "There is no 64-bit ARM machine to start; Debian's packages qemu-system-arm and "
            "qemu-efi-aarch64 have it."
        )
    return Platform(qemu, *flash, board=ARM_BOARD)


def _u_boot() -> Platform:
    qemu = shutil.which("qemu-system-aarch64")
    found = next((one for one in U_BOOT if Path(one).is_file()), None)
    if qemu is None or found is None:
        raise Unreachable(
            "There is no 64-bit ARM machine with U-Boot to start; Debian's packages "
            "qemu-system-arm and u-boot-qemu have it."
        )
    return Platform(qemu, Path(found), None, board=ARM_BOARD)


def uefi(qemu: Path, places: Sequence[tuple[str, str]] = OVMF) -> tuple[Path, Path] | None:
    """OVMF's code and its empty variable store, None when neither `places` nor QEMU has them."""
    code, store = QEMUS_OWN
    prefix = qemu.parents[1]
    pairs = [*((Path(one), Path(other)) for one, other in places), (prefix / code, prefix / store)]
    return next((pair for pair in pairs if all(part.is_file() for part in pair)), None)


async def raise_lab(names: Names, platform: Platform) -> Lab:
    """Make the namespaces and cables, start the ISP; raises `Unreachable` with ip's own words."""
    await _clear(names)
    lab = Lab(names, platform, Path(mkdtemp(prefix=f"{names.prefix}-")))
    try:
        for arguments in raised(names):
            await _ip(*arguments)
        lab.isp = await _start_isp(lab)
    except BaseException:
        await tear_down(lab)
        raise
    return lab


async def tear_down(lab: Lab) -> None:
    """End what the lab started and remove its namespaces; never fails because something is gone."""
    if lab.isp is not None:
        await _end(lab.isp)
        lab.isp = None
    await _clear(lab.names)
    shutil.rmtree(lab.directory, ignore_errors=True)


async def tap_names(names: Names) -> set[str]:
    """The switch ports that other commands already use in a standing lab."""
    listed = await _ip("-n", names.lan, "-o", "link", "show")
    return {line.split()[1].split(":")[0].split("@")[0] for line in listed.splitlines()}


@asynccontextmanager
async def standing(names: Names, platform: Platform) -> AsyncIterator[Lab]:
    """A lab for the length of a block."""
    lab = await raise_lab(names, platform)
    try:
        yield lab
    finally:
        await asyncio.shield(tear_down(lab))


async def boot(
    lab: Lab,
    machine: Machine,
    on_line: Callable[[str], None],
    *,
    seconds: float = 180.0,
    until: Callable[[Milestone], bool] = lambda _: False,
) -> Outcome:
    """Switch a machine on and read its console until it ends, `until` says so, or time is up.

    A machine that KVM stopped is started again without it.  Cancelling ends the machine too.  Its
    cable and its variable store are gone afterwards.
    """
    outcome = await _once(lab, machine, on_line, seconds, until)
    if outcome.has(Milestone.KVM_STOPPED):
        on_line("KVM does not run on this computer. The machine starts again without it.")
        lab.platform = replace(lab.platform, accelerator="tcg")
        left = seconds - outcome.seconds
        outcome = await _once(lab, machine, on_line, left, until)
    return outcome


async def _once(
    lab: Lab,
    machine: Machine,
    on_line: Callable[[str], None],
    seconds: float,
    until: Callable[[Milestone], bool],
) -> Outcome:
    if needs_variables(machine.firmware) and lab.platform.code is None:
        raise Unreachable("There is no UEFI firmware; Debian's package ovmf has it.")
    async with _tap(lab) as tap:
        variables = _own_variables(lab, tap) if needs_variables(machine.firmware) else None
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *inside(lab.names.lan, command(machine, tap, lab.platform, variables)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        reached: list[Reached] = []
        ended = None
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await _listen(process, started, reached, on_line, until)
            ended = process.returncode
        finally:
            await asyncio.shield(_end(process))
            if variables is not None:
                variables.unlink(missing_ok=True)
        return Outcome(tuple(reached), ended, time.monotonic() - started)


async def _listen(
    process: asyncio.subprocess.Process,
    started: float,
    reached: list[Reached],
    on_line: Callable[[str], None],
    until: Callable[[Milestone], bool],
) -> None:
    """Read until the machine ends or `until` is content."""
    assert process.stdout is not None
    console = Console()
    seen: set[Milestone] = set()
    while piece := await process.stdout.read(65536):
        for line in console.feed(piece):
            on_line(line)
            found = milestone(line)
            if found is None or found in seen:
                continue
            seen.add(found)
            reached.append(Reached(found, time.monotonic() - started, line))
            if found is Milestone.KVM_STOPPED or until(found):
                return
    for line in console.flush():
        on_line(line)
    await process.wait()


@asynccontextmanager
async def _tap(lab: Lab) -> AsyncIterator[str]:
    """A free port of the switch for the length of a block."""
    tap = next(name for name in map(tap_name, range(1000)) if name not in lab.taps)
    lab.taps.add(tap)
    try:
        for arguments in plugged(lab.names, tap):
            await _ip(*arguments)
        yield tap
    finally:
        for arguments in unplugged(lab.names, tap):
            with suppress(Unreachable):
                await asyncio.shield(_ip(*arguments))
        lab.taps.discard(tap)


def _own_variables(lab: Lab, tap: str) -> Path:
    assert lab.platform.variables is not None
    copy = lab.directory / f"{tap}.fd"
    shutil.copyfile(lab.platform.variables, copy)
    return copy


async def _start_isp(lab: Lab) -> asyncio.subprocess.Process | None:
    """The ISP's server; a lab without dnsmasq has an ISP that answers nothing."""
    program = shutil.which("dnsmasq")
    if program is None:
        return None
    return await asyncio.create_subprocess_exec(
        *inside(lab.names.isp, isp_server(program, str(lab.directory / "isp.leases"))),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


async def _clear(names: Names) -> None:
    """Remove this lab's namespaces, and end what still runs in them."""
    present = [line.split()[0] for line in (await _ip("netns", "list")).splitlines() if line]
    for space in names.all:
        if space in present:
            for process in (await _ip("netns", "pids", space)).split():
                with suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
    for arguments in removed(names, present):
        await _ip(*arguments)


async def _ip(*arguments: str) -> str:
    program = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")
    if program is None:
        raise Unreachable("There is no ip program; Debian's package iproute2 has it.")
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complaint = await process.communicate()
    if process.returncode == 0:
        return said.decode()
    what = f"`ip {' '.join(arguments)}` failed: {complaint.decode().strip()}"
    if "Operation not permitted" in what or "Permission denied" in what:
        raise Refused(
            Problem(("lab",), f"The lab makes network namespaces, which needs root. {what}")
        )
    raise Unreachable(what)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, then end it."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await process.wait()


async def _kvm_runs(qemu: str, flash: tuple[Path, Path] | None) -> bool:
    """Run empty machines with KVM: either firmware must come to its end, and soon.

    /dev/kvm may be there and not work: inside some virtual machines a firmware crawls for a
    while, or the processor stops at an instruction with a register dump.  SeaBIOS comes through
    now and then where OVMF never does, so both are tried where both are there.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    if not await _comes_through(qemu, (), BIOS_SECONDS):
        return False
    return flash is None or await _comes_through(qemu, empty_flash(*flash), UEFI_SECONDS)


async def _comes_through(qemu: str, firmware: Sequence[str], seconds: float) -> bool:
    """Whether an empty machine with KVM says within `seconds` that there is nothing to boot."""
    process = await asyncio.create_subprocess_exec(
        qemu,
        *("-accel", "kvm", "-m", "128", "-nodefaults", "-nographic", "-serial", "stdio"),
        *("-no-reboot", *firmware),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    seen: list[Reached] = []
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _listen(process, time.monotonic(), seen, lambda _: None, ENDS.__contains__)
        return any(reached.milestone in NOTHING_TO_BOOT for reached in seen)
    finally:
        await asyncio.shield(_end(process))

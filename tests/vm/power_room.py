"""A machine whose power can be cut: its disks, a snapshot of it when it is warm, a witness.

Starting an emulated machine and loading the program takes most of a minute, so it is done once: a
machine that has loaded everything and has not yet mounted the disk of the state is saved, and each
round goes on from there.  Nothing of the state is in its memory then, so a round begins like a
router that was switched on.  The root disk is read-only and holds the files that the program was
seen to use on this computer.
"""

import compileall
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from random import Random
from typing import Any

from services.lab.driver import probe_platform
from services.lab.sample.modules import dependencies
from tests.live.standing import CHECKOUT, INSTALLED, ROOMS
from tests.vm.disk import Disk

GUEST = Path(__file__).with_name("power_guest.py")
KERNEL = INSTALLED / "kernel"
CACHE = INSTALLED / "cache/power"
MODULES = ("virtio_pci", "virtio_blk")
STATE_BYTES = 96 << 20
MEGABYTES = 448
WARM_SECONDS, HEAR_SECONDS = 900.0, 300.0
LINKS = {"lib": "usr/lib", "lib64": "usr/lib64", "bin": "usr/bin", "sbin": "usr/sbin"}
EMPTY = ("proc", "sys", "dev", "run", "tmp", "state", "etc")
INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
for one in $(busybox cat /order); do busybox insmod /$one.ko; done
busybox mount -t ext4 -o ro /dev/vda /root
for one in proc sys dev; do busybox mount --move /$one /root/$one; done
busybox mount -t tmpfs run /root/run
busybox mount -t tmpfs tmp /root/tmp
exec busybox switch_root /root /usr/bin/busybox env -i PATH=/usr/bin PYTHONPATH=SITE:/program \\
  PYTHONDONTWRITEBYTECODE=1 HOME=/tmp LANG=C.UTF-8 \\
  /usr/bin/python3.11 -P -X frozen_modules=on /program/power_guest.py live
"""


@dataclass(frozen=True)
class Room:
    """What every round needs; `state` is the disk as it left the factory."""

    folder: Path
    accelerator: str
    state: bytes

    @property
    def snapshot(self) -> Path:
        return self.folder / "warm"


@dataclass
class Plugged:
    """A machine that is on; `lines` are what it has told."""

    process: "subprocess.Popen[bytes]"
    disk: Disk
    lines: "Queue[dict[str, Any]]" = field(default_factory=Queue)

    def tell(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()

    def go(self, chance: Random, number: int) -> None:
        """Let it begin: its clock stood still in the snapshot, and its dice would repeat
        themselves.  What it writes is numbered from `number`."""
        self.tell("go", time.time(), chance.randbytes(32).hex(), number)

    def hears(self, kind: str, seconds: float = HEAR_SECONDS) -> dict[str, Any]:
        """Wait for a line of that kind; others before it are dropped."""
        while True:
            try:
                line = self.lines.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"the machine never said {kind!r}") from None
            if line["kind"] == kind:
                return line
            assert line["kind"] != "end", line

    def until_the_cut(self) -> Iterator[dict[str, Any]]:
        """Every line until the power of its disk goes, and those that were on their way then.

        The disk goes first: what it did not confirm any more, the machine cannot have told.
        """
        while (line := self.lines.get(timeout=HEAR_SECONDS))["kind"] != "cut":
            assert line["kind"] != "end", line
            yield line
        self.process.kill()
        while (line := self.lines.get(timeout=HEAR_SECONDS))["kind"] != "end":
            yield line

    def listen(self) -> None:
        """Take lines until the machine is gone; runs in a thread of its own."""
        assert self.process.stdout is not None
        said = []
        for raw in self.process.stdout:
            text = raw.decode(errors="replace").strip()
            if text.startswith("@") and text.endswith("}"):
                self.lines.put(json.loads(text[1:]))
            elif text:
                said.append(text)
        self.lines.put({"kind": "end", "said": said[-60:]})


@contextmanager
def plugged_in(room: Room, disk: Disk, *more: str) -> Iterator[Plugged]:
    """The machine, on, for the length of a block; `more` are QEMU's arguments."""
    path = Path(tempfile.mkdtemp(prefix="nx")) / "disk"
    with disk.serve(path):
        with (room.folder / "qemu.log").open("ab") as log:
            process = subprocess.Popen(
                [*command(room, path), *more],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        machine = Plugged(process, disk)
        disk.on_cut = lambda: machine.lines.put({"kind": "cut"})
        ear = threading.Thread(target=machine.listen)
        ear.start()
        try:
            yield machine
        finally:
            process.kill()
            process.wait()
            ear.join()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    assert pipe is not None
                    pipe.close()
            shutil.rmtree(path.parent)


def warm_machine(room: Room, disk: Disk) -> AbstractContextManager[Plugged]:
    """The machine as it was saved, with that disk."""
    return plugged_in(room, disk, "-incoming", f"exec:cat {room.snapshot}")


def command(room: Room, disk: Path) -> list[str]:
    """QEMU's arguments; the serial line is its standard input and output."""
    return [
        "qemu-system-x86_64", "-accel", room.accelerator, "-cpu", "max", "-m", str(MEGABYTES),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", str(next(KERNEL.glob("boot/vmlinuz-*"))),
        "-initrd", str(room.folder / "initrd"),
        "-append", "console=ttyS0 quiet loglevel=4 panic=-1 rdinit=/init mitigations=off "
        "no_timer_check",
        "-drive", f"if=none,id=root,format=raw,readonly=on,file={room.folder / 'root'}",
        "-device", "virtio-blk-pci,drive=root",
        "-drive", f"if=none,id=state,format=raw,cache=writeback,file=nbd:unix:{disk}",
        "-device", "virtio-blk-pci,drive=state",
        "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line",
    ]  # fmt: skip


# ── made once ────────────────────────────────────────────────────────────────────────────────────


async def accelerator() -> str:
    return (await probe_platform()).accelerator


def made(fast: str) -> Room:
    """The room for this very program; from the cache when it was made before."""
    folder = CACHE / f"{_mark()}-{fast}"
    if not (folder / "warm").exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix="nx", dir=CACHE) as work:
            _disks(folder, Path(work))
        _save(Room(folder, fast, (folder / "state").read_bytes()))
    return Room(folder, fast, (folder / "state").read_bytes())


def _mark() -> str:
    """Changes when the program, the guest or the kernel does."""
    told = hashlib.sha256()
    files = [path for room in ROOMS for path in sorted((CHECKOUT / room).rglob("*.py"))]
    for path in (*files, GUEST, Path(__file__), next(KERNEL.glob("boot/vmlinuz-*"))):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def _disks(folder: Path, work: Path) -> None:
    state, root = work / "state", work / "root"
    state.mkdir()
    used = _used(state)
    site = _copied(used, root)
    _file_system(root, folder / "root", sum(one.stat().st_size for one in _files(root)) * 2)
    _file_system(state, folder / "state", STATE_BYTES)
    _initrd(work / "initrd", folder / "initrd", site)


def _used(state: Path) -> list[Path]:
    """Run the writers here, in namespaces of their own; the files that took."""
    script = (
        f'mount -t tmpfs none /run && exec "{INSTALLED}/venv/bin/python" "{GUEST}" fill "{state}"'
    )
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return [Path(line) for line in done.stdout.splitlines()]


def _copied(used: list[Path], root: Path) -> str:
    """Fill the root disk; returns where the libraries from the registry lie."""
    for name in EMPTY:
        (root / name).mkdir(parents=True)
    for path in (*used, Path("/usr/bin/busybox"), Path(shutil.which("busybox") or "")):
        real = path.resolve()
        if not real.is_relative_to(CHECKOUT) and real.is_file():
            place = root / str(path.parent.resolve() / path.name).lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(real, place)
    (root / "usr/lib64").mkdir(exist_ok=True)
    loader = root / "usr/lib64/ld-linux-x86-64.so.2"
    if not loader.exists():
        loader.symlink_to("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    for name, target in LINKS.items():
        if not (root / name).exists():
            (root / name).symlink_to(target)
    _run("/usr/sbin/ldconfig", "-r", str(root), "/usr/lib/x86_64-linux-gnu")
    for room in ROOMS:
        shutil.copytree(
            CHECKOUT / room, root / "program" / room, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(GUEST, root / "program")
    compileall.compile_dir(root / "program", quiet=2, stripdir=str(root))
    return next(str(one.parent.parent) for one in used if one.match("site-packages/*/__init__.py"))


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file() and not one.is_symlink()]


def _file_system(content: Path, image: Path, size: int) -> None:
    """ext4 with that content; default options, so with a journal and with barriers."""
    with image.open("wb") as file:
        file.truncate(size + (32 << 20))
    _run("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(content), str(image))


def _initrd(folder: Path, image: Path, site: str) -> None:
    folder.mkdir()
    for name in ("bin", "root", "proc", "sys", "dev"):
        (folder / name).mkdir()
    shutil.copy(shutil.which("busybox") or "", folder / "bin/busybox")
    known = modules(KERNEL)
    order = in_order(MODULES, known)
    for name in order:
        shutil.copy(known[name], folder / f"{name}.ko")
    (folder / "order").write_text("\n".join(order))
    (folder / "init").write_text(INIT.replace("SITE", site))
    (folder / "init").chmod(0o755)
    _run("sh", "-c", f"cd '{folder}' && find . | cpio -o -H newc --quiet > '{image}'")


def modules(kernel: Path) -> dict[str, Path]:
    """Every module of an unpacked kernel, by its name with underscores."""
    return {path.stem.replace("-", "_"): path for path in kernel.rglob("*.ko")}


def in_order(names: Iterable[str], known: Mapping[str, Path]) -> list[str]:
    """These modules, each behind all that it needs; what is no module is in the kernel itself."""
    order: list[str] = []
    for name in names:
        _before(name, known, order)
    return order


def _before(name: str, known: Mapping[str, Path], order: list[str]) -> None:
    """Put a module behind all that it needs."""
    if name not in order and name in known:
        for below in dependencies(known[name].read_bytes()):
            _before(below, known, order)
        order.append(name)


def _save(room: Room) -> None:
    """Start the machine, let it warm up, and save it as it waits."""
    monitor = room.folder / "monitor"
    with plugged_in(
        room, Disk(bytearray(room.state)), "-monitor", f"unix:{monitor},server=on,wait=off"
    ) as machine:
        machine.hears("ready", WARM_SECONDS)
        assert machine.disk.flushes == 0, "the state was written to before the rounds"
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(monitor))
            for words in (
                "migrate_set_parameter max-bandwidth 10g",
                f'migrate "exec:cat > {room.folder}/fresh"',
                "quit",
            ):
                asking.sendall(f"{words}\n".encode())
            machine.process.wait(120)
    (room.folder / "fresh").rename(room.snapshot)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"

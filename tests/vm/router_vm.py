"""A router in a machine of its own, with a kernel that has everything: PPP, VLANs, flowtables.

    with router_vm("mine") as vm:                  # or the fixture `vm`: one for a test file
        vm.starts()                                     # `nixie run`, until all roles run
        vm.starts(("net", "web"))                       # … or only these: a minute less
        vm.run("ip", "addr")                            # a command in the router: its words
        vm.run("ping", "-c1", "10.77.0.1", within="pc") # … in a namespace of the machine
        vm.client.get("/status")                        # the router's API

Its root is this computer's file system, read-only by 9p, below one in memory: what set-up installed
is there at the same path, and what is written is forgotten.  The network is cards and cables, real
ones to the kernel: `wan0` is plugged into the provider's `isp0` (in namespace `isp`), `lan0` into
`pc0` (in `pc`), `lan1` into `pc1`; `vm.unplugs("wan0")` pulls the cable out.  A cable of `outside`
leads to a socket too, where another machine may be plugged in.
"""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from appliance.cli.client import Failed
from services.lab.driver import probe_platform
from tests.live.standing import CHECKOUT, INSTALLED, ROLES, Router, made, removed
from tests.live.waiting import until
from tests.vm.power_room import in_order, modules

KERNEL = INSTALLED / "router-kernel"
SCRIPTS = sorted((CHECKOUT / "tests/vm").glob("*_guest.py"))
LAUNCHER = CHECKOUT / "tests/vm/router_run.py"
ALL = (*ROLES, "wan")
MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console", "virtio_net")
MORE = ("virtio_blk", "crc32c_generic", "ext4")
MEGABYTES = 1024
ON_SECONDS, START_SECONDS = 500.0, 500.0
LOOK_SECONDS = 0.5  # a look costs the emulated processor something

CARDS = ("wan0", "isp0", "lan0", "pc0", "lan1", "pc1")
"""Two to a cable, in this order."""
SPACES = {"isp0": "isp", "pc0": "pc", "pc1": "pc1"}
"""The others are the router's."""

INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
for one in $(busybox cat /order); do busybox insmod /$one.ko; done
busybox mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 root /below
busybox mount -t tmpfs -o size=60% memory /memory
busybox mkdir /memory/upper /memory/work
busybox mount -t overlay -o lowerdir=/below,upperdir=/memory/upper,workdir=/memory/work root /root
for one in proc sys dev; do busybox mount --move /$one /root/$one; done
busybox mkdir -p /root/dev/pts /root/dev/shm /root/usr/lib/modules /root/state
busybox mount -t devpts pts /root/dev/pts
for one in run tmp dev/shm; do busybox mount -t tmpfs memory /root/$one; done
busybox chmod 1777 /root/tmp
busybox mount --bind /root/{modules} /root/usr/lib/modules
[ ! -e /root/dev/vda ] || busybox mount -t ext4 /root/dev/vda /root/state
exec busybox switch_root /root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
  HOME=/tmp PYTHONPATH={program} PYTHONDONTWRITEBYTECODE=1 /bin/sh -c '{python} -P {guest}; sleep 9'
"""


@dataclass
class Asking:
    """The API of the router in the machine, as `appliance.cli.client.Client` has it."""

    vm: "RouterVm"

    def get(self, path: str) -> Any:
        return self._ask("get", path)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        return self._ask("post", path, body, query=query)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("put", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("delete", path)

    def _ask(self, method: str, path: str, *more: Any, query: dict[str, Any] | None = None) -> Any:
        """Ask; while web is started anew, because its sockets are others now, ask again, and while
        the machine is too busy to show something."""
        end = time.monotonic() + START_SECONDS
        while True:
            asked = {"method": method, "path": path, "more": list(more), "query": query or {}}
            found = self.vm.tell("ask", state="/state", **asked)
            if "sentences" not in found:
                return found["answer"]
            again = ("Connection refused", *(("in time",) if method == "get" else ()))
            passes = any(one in str(found["sentences"]) for one in again)
            if not passes or time.monotonic() > end:
                raise Failed(found["code"], *found["sentences"])
            time.sleep(LOOK_SECONDS)


@dataclass
class RouterVm:
    """A machine that is on; what it says on its console is in `console`."""

    home: Router
    folder: Path
    process: "subprocess.Popen[bytes]"
    line: socket.socket
    console: list[str] = field(default_factory=list)
    _answers: "dict[int, Queue[dict[str, Any]]]" = field(default_factory=dict)
    _asked: int = 0
    router: int = 0  # the pid of the router's supervisor

    @property
    def client(self) -> Asking:
        return Asking(self)

    def run(
        self, *argv: str, within: str = "", given: str = "", seconds: float = 300, ok: bool = True
    ) -> str:
        """Run a command in the machine, in namespace `within` of it; what it said.

        Fails when the command did, unless that is `ok=False`; then its complaints are in it too.
        """
        space = ("ip", "netns", "exec", within) if within else ()
        found = self.tell("run", argv=[*space, *argv], given=given, seconds=seconds)
        said: str = found["out"]
        if ok:
            assert found["code"] == 0, f"{' '.join(argv)}: {found['code']}\n{said}{found['err']}"
            return said
        return said + found["err"]

    def does(self, *argv: str, within: str = "", seconds: float = 300) -> bool:
        """Does a command in the machine succeed?"""
        space = ("ip", "netns", "exec", within) if within else ()
        found = self.tell("run", argv=[*space, *argv], given="", seconds=seconds)
        return bool(found["code"] == 0)

    def start(self, *argv: str, within: str = "", log: str = "", **env: str) -> int:
        """Start a command that stays; its pid.  Its words go to /run/<log>.log."""
        space = ("ip", "netns", "exec", within) if within else ()
        file = f"/run/{log or Path(argv[0]).name}.log"
        return int(self.tell("start", argv=[*space, *argv], log=file, env=env)["pid"])

    def starts(self, roles: Sequence[str] = ALL, *, wan: str = "wan0", lan: str = "lan0") -> None:
        """Be the router as `nixie run` is, its state in /state; back when `roles` run.

        `wan` and `lan` are for the first start.  Fewer roles are up sooner.
        """
        where = self.home.environment
        own = {name: where[name] for name in ("NIXIE_HOME", "PYTHONPATH")}
        words = (
            str(self.home.home / "venv/bin/python"),
            "-P",
            str(self.home.home / LAUNCHER.name),
            ",".join(roles),
        )
        self.router = self.start(*words, "/state", wan, lan, log="nixie", **own)
        try:
            until(lambda: self.stands(*roles), f"{', '.join(roles)} run", START_SECONDS)
        except AssertionError:
            print(self.logs())
            raise

    def stops(self) -> None:
        """End the router as an owner does; the state stays."""
        self.run("kill", str(self.router))
        until(lambda: not self.does("test", "-d", f"/proc/{self.router}"), "it is over", ON_SECONDS)

    def stands(self, *roles: str) -> bool:
        """Do all of these run, and does the API answer?"""
        time.sleep(LOOK_SECONDS)
        with suppress(ValueError, KeyError, Failed):
            told = json.loads(self.read("/state/run/supervisor.json"))["roles"]
            if all(told[name]["state"] == "runs" for name in roles):
                return "web" not in roles or bool(self.client.get("/status"))
        return False

    def read(self, path: str) -> str:
        """What a file in the machine says; "" when it is not there."""
        return str(self.tell("read", path=path)["text"])

    def rows(self, file: str, question: str) -> list[list[Any]]:
        """What a database in the machine answers; nothing while it is not there."""
        found: list[list[Any]] = self.tell("rows", file=file, question=question)["rows"]
        return found

    def is_killed(self) -> None:
        """End QEMU with SIGKILL: the machine does not hear of it."""
        self.process.kill()
        self.process.wait()

    def unplugs(self, card: str) -> None:
        """Pull out the cable of a card."""
        self._monitor(f"set_link {card} off")

    def plugs(self, card: str) -> None:
        """Put the cable in again."""
        self._monitor(f"set_link {card} on")

    def takes_out(self, card: str) -> None:
        """Pull a card out of its slot, while the machine runs; back when the slot is empty."""
        self._monitor(f"device_del {card}")
        until(lambda: f'id "{card}"' not in self._monitor("info qtree"), "it is out", ON_SECONDS)

    def puts_in(self, card: str, mac: str, slot: str) -> None:
        """Put another card into a slot (`0000:00:08.0`), on the same cable."""
        at = slot.rpartition(":")[2]
        device = f"virtio-net-pci,id={card},netdev=to-{card},mac={mac},addr={at},romfile="
        said = self._monitor(f"device_add {device}")
        assert "Error" not in said, said

    def tell(self, what: str, **more: Any) -> dict[str, Any]:
        """Have something done in the machine; the answer."""
        self._asked += 1
        ident = self._asked
        answers = self._answers[ident] = Queue()
        self.line.sendall(json.dumps({"id": ident, "do": what, **more}).encode() + b"\n")
        try:
            found = answers.get(timeout=more.get("seconds", 300) + 120)
        except Empty:
            raise AssertionError(f"the machine did not answer {what} {more}") from None
        finally:
            del self._answers[ident]
        assert "fault" not in found, found["fault"]
        return found

    def hears(self) -> None:
        """Hand each answer to who waits for it; runs in a thread of its own."""
        heard = b""
        with suppress(OSError):
            while piece := self.line.recv(1 << 16):
                heard += piece
                *lines, heard = heard.split(b"\n")
                for one in map(json.loads, lines):
                    if one["id"] in self._answers:
                        self._answers[one["id"]].put(one)

    def listens(self) -> None:
        """Take the lines of the console; runs in a thread of its own."""
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self.console.append(raw.decode(errors="replace").rstrip())

    def logs(self) -> str:
        """The last words of everything, for a test that failed."""
        words = self.run("sh", "-c", "tail -n 25 /run/*.log /state/logs/*.log", ok=False)
        return "\n".join((*self.console[-20:], words))

    def _monitor(self, words: str) -> str:
        """Tell QEMU something; what it says, the echo of the words included."""
        said = b""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(self.folder / "monitor"))
            asking.sendall(f"{words}\n".encode())
            asking.shutdown(socket.SHUT_WR)
            while piece := asking.recv(1 << 16):
                said += piece
        return said.decode(errors="replace")


@contextmanager
def router_vm(
    name: str,
    *,
    outside: Sequence[int] = (),
    state: str = "",
    more: Sequence[str] = (),
    megabytes: int = MEGABYTES,
) -> Iterator[RouterVm]:
    """A machine for the length of a block; when the block fails, its last words are printed.

    `outside` are the numbers of cables that lead to a socket, cable-N in its folder; `state` is
    a disk for /state, as QEMU opens it; `more` are folders of NIXIE_HOME that shall be there: with
    "nix" it builds, which takes 2 GiB of memory.
    """
    if not KERNEL.exists():
        pytest.skip("there is no kernel for the router VM: set-up unpacks one on Debian")
    home = made(f"vm-{name}")
    for part in {"nix", "sample"} - set(more):
        (home.home / part).unlink(missing_ok=True)  # no builds: the router is up sooner
    for script in (
        *SCRIPTS,
        LAUNCHER,
    ):  # the checkout may lie in /tmp, of which the guest has its own
        shutil.copy(script, home.home)
    folder = Path(tempfile.mkdtemp(prefix="nxvm"))
    try:
        with switched_on(home, folder, outside, state, megabytes) as vm:
            try:
                yield vm
            except BaseException:
                with suppress(Exception):
                    sys.stdout.write(vm.logs())
                raise
    finally:
        shutil.rmtree(folder)
        removed(home)


@contextmanager
def switched_on_again(vm: RouterVm, state: str) -> Iterator[RouterVm]:
    """The same machine with that disk, for the length of a block; it is off now."""
    with (
        tempfile.TemporaryDirectory(prefix="nxvm") as folder,
        switched_on(vm.home, Path(folder), (), state) as one,
    ):
        yield one


@contextmanager
def switched_on(
    home: Router,
    folder: Path,
    outside: Sequence[int],
    state: str,
    megabytes: int = MEGABYTES,
) -> Iterator[RouterVm]:
    """The machine alone; its cards have their names and namespaces when the block begins."""
    image = _initrd(folder, home)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "line"))
        listening.listen(1)
        process = subprocess.Popen(
            command(folder, image, outside, state, megabytes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        line, _ = listening.accept()
    vm = RouterVm(home, folder, process, line)
    vm._answers[0] = Queue()
    ears = [threading.Thread(target=one) for one in (vm.hears, vm.listens)]
    for ear in ears:
        ear.start()
    try:
        _is_on(vm)
        vm.tell("name", cards={_mac(one): one for one in CARDS}, spaces=SPACES)
        yield vm
    finally:
        process.kill()
        process.wait()
        line.close()
        for ear in ears:
            ear.join()
        assert process.stdout is not None
        process.stdout.close()


def _is_on(vm: RouterVm) -> None:
    first = vm._answers[0]
    with suppress(AssertionError):
        until(lambda: not first.empty() or vm.process.poll() is not None, "it is on", ON_SECONDS)
    assert not first.empty(), "\n".join(("the machine does not start", *vm.console))


def command(
    folder: Path, image: Path, outside: Sequence[int], state: str, megabytes: int
) -> list[str]:
    """QEMU's arguments; the console is its standard output."""
    fast = asyncio.run(probe_platform()).accelerator
    return [
        "qemu-system-x86_64", "-accel", fast, "-cpu", "max", "-smp", "2", "-m", str(megabytes),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", str(next(KERNEL.glob("boot/vmlinuz-*"))), "-initrd", str(image),
        "-append", "console=ttyS0 quiet loglevel=4 panic=-1 rdinit=/init mitigations=off "
        "no_timer_check",
        "-chardev", "file,id=console,path=/dev/stdout", "-serial", "chardev:console",
        "-monitor", f"unix:{folder / 'monitor'},server=on,wait=off",
        "-device", "virtio-serial-pci", "-chardev", f"socket,id=line,path={folder / 'line'}",
        "-device", "virtserialport,chardev=line,name=test", "-device", "virtio-rng-pci",
        "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
        *(word for number, name in enumerate(CARDS) for word in _card(number // 2, name)),
        *(word for number in outside for word in _outlet(folder, number)),
        *(_disk(state) if state else ()),
    ]  # fmt: skip


def _card(cable: int, name: str) -> tuple[str, ...]:
    return (
        *("-netdev", f"hubport,id=to-{name},hubid={cable}"),
        *("-device", f"virtio-net-pci,id={name},netdev=to-{name},mac={_mac(name)},romfile="),
    )


def _outlet(folder: Path, cable: int) -> tuple[str, ...]:
    path = folder / f"cable-{cable}"
    return (
        *("-netdev", f"stream,id=out-{cable},server=on,addr.type=unix,addr.path={path}"),
        *("-netdev", f"hubport,id=outlet-{cable},hubid={cable},netdev=out-{cable}"),
    )


def _disk(file: str) -> tuple[str, ...]:
    """It hands the flushes of the machine through."""
    return (
        *("-drive", f"if=none,id=state,format=raw,cache=writeback,file={file}"),
        *("-device", "virtio-blk-pci,drive=state"),
    )


def _mac(card: str) -> str:
    return f"52:54:00:7a:00:{CARDS.index(card):02x}"


def _initrd(folder: Path, home: Router) -> Path:
    work, image = folder / "initrd", folder / "initrd.cpio"
    for name in ("bin", "root", "proc", "sys", "dev", "below", "memory"):
        (work / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "", work / "bin/busybox")
    known = modules(KERNEL)
    order = in_order((*MODULES, *MORE), known)
    for name in order:
        shutil.copy(known[name], work / f"{name}.ko")
    (work / "order").write_text("\n".join(order))
    text = INIT.format(
        modules=KERNEL / "lib/modules",
        program=home.program,
        python=home.home / "venv/bin/python",
        guest=home.home / "router_guest.py",
    )
    (work / "init").write_text(text)
    (work / "init").chmod(0o755)
    pack = f"cd '{work}' && find . | cpio -o -H newc --quiet > '{image}'"
    subprocess.run(["sh", "-c", pack], check=True)
    return image

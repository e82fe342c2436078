"""A router with a host for 64-bit ARM: Debian's kernel, a first stage of busybox, a device tree.

The tree is the one that QEMU makes of its own board, with another name for the model: a kernel that
says this name was started with the tree that the router served.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.lab.driver import ARM_BOARD, U_BOOT
from tests.live.standing import CHECKOUT, INSTALLED, Router, standing
from tests.vm.lab import Workshop, furnished

FLAKE = CHECKOUT / "tests/flakes/board"
ARM = INSTALLED / "arm64"
QEMUS_MODEL, MODEL = b"linux,dummy-virt\0", b"nixie,bench-tree\0"
MEGABYTES = 512
MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
)
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in MODULES; do insmod /modules/$module.ko; done
echo "BOARD $(cat /proc/device-tree/model), store: $(cat /nix-store.squashfs)"
echo "TOLD $(cat /proc/cmdline)"
for word in $(cat /proc/cmdline); do
  case "$word" in
    nixie.boot=*) url=${word#nixie.boot=} ;;
    init=*) system=${word#init=} ;;
  esac
done
ip link set eth0 up
udhcpc -i eth0 -s /bound -n -q -t 10 -T 2
up="toplevel=${system%/init}&kernel=$(uname -r)&hostname=board"
wget -q -O - --post-data "$up" "$url" || poweroff -f
sleep 600
"""
BOUND = """#!/bin/busybox sh
[ "$1" != bound ] || ip addr add "$ip/${mask:-24}" dev "$interface"
"""


@contextmanager
def board_room() -> Iterator[Workshop]:
    """The router; its host is called board."""
    with standing("board") as router:
        yield furnished(router, {"board": ("board", False)}, board(router))


def board(router: Router) -> Path:
    """The flake with its parts, as a repository of one commit."""
    place = router.home / "board"
    (place / "bin").mkdir(parents=True)
    (place / "parts").mkdir()
    shutil.copy(FLAKE / "flake.nix", place)
    shutil.copy("/bin/busybox", place / "bin/busybox")
    (kernel,) = ARM.glob("boot/vmlinuz-*")
    shutil.copy(kernel, place / "parts/Image")
    (place / "parts/initrd").write_bytes(first_stage(router.home / "first-stage"))
    (place / "parts/board.dtb").write_bytes(device_tree(router.home / "virt.dtb"))
    named = ("-c", "user.name=Nixie", "-c", "user.email=lab@nixie.invalid")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "A board"]):
        subprocess.run(["git", "-C", str(place), *named, *words], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    return place


def device_tree(place: Path) -> bytes:
    """QEMU's tree of the very machine that the tests switch on, under another name."""
    board = [f"virt,dumpdtb={place}" if word == "virt" else word for word in ARM_BOARD]
    start = ["-m", str(MEGABYTES), "-bios", U_BOOT[0], "-nographic"]
    subprocess.run(["qemu-system-aarch64", *board, *start], check=True, capture_output=True)
    made = place.read_bytes()
    assert made.index(QEMUS_MODEL) < made.index(QEMUS_MODEL, made.index(QEMUS_MODEL) + 1)
    return made.replace(QEMUS_MODEL, MODEL, 1)  # the model stands before what it is compatible with


def first_stage(root: Path) -> bytes:
    """A ramdisk that says what it was started with, and phones home."""
    (root / "bin").mkdir(parents=True)
    (root / "modules").mkdir()
    shutil.copy(ARM / "bin/busybox", root / "bin/busybox")
    for name in MODULES:
        (module,) = ARM.rglob(f"{name}.ko")
        shutil.copy(module, root / "modules")
    (root / "init").write_text(INIT.replace("MODULES", " ".join(MODULES)))
    (root / "bound").write_text(BOUND)
    for one in (root / "init", root / "bound", root / "bin/busybox"):
        one.chmod(0o755)
    names = "\n".join(str(one.relative_to(root)) for one in sorted(root.rglob("*"))) + "\n"
    cpio = ["cpio", "--quiet", "-o", "-H", "newc"]
    done = subprocess.run(cpio, cwd=root, input=names.encode(), capture_output=True, check=True)
    return done.stdout

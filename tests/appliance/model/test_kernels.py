"""Boot files by their first bytes; real ones where this machine has them."""

import os
from pathlib import Path

import pytest

from appliance.model.kernels import HEAD_BYTES, LARGEST_TREE, Seen, fault, seen, tree_fault

HOME = Path(os.environ.get("NIXIE_HOME", "/opt/nixie"))


def pe(machine: int) -> bytes:
    head = bytearray(512)
    head[:2], head[0x3C] = b"MZ", 0x80
    head[0x80:0x86] = b"PE\0\0" + machine.to_bytes(2, "little")
    return bytes(head)


def bzimage(flags: int) -> bytes:
    head = bytearray(1_024)
    head[0x1FE:0x200], head[0x202:0x206], head[0x236] = b"\x55\xaa", b"HdrS", flags
    return bytes(head)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (bzimage(1), Seen("linux", "x86_64-linux")),
        (bzimage(0), Seen("linux", "i686-linux")),
        (b"MZ" + bytes(54) + b"ARM\x64", Seen("linux", "aarch64-linux")),
        (bytes(56) + b"ARM\x64", Seen("uboot", "aarch64-linux")),
        (b"\xd0\x0d\xfe\xed" + bytes(60), Seen("dtb")),
        (pe(0x8664), Seen("efi", "x86_64-linux")),
        (pe(0xAA64), Seen("efi", "aarch64-linux")),
        (pe(0x1234), Seen("efi")),
        (b"MZ", Seen("efi")),
        (b"\x7fELF\x02", Seen("elf")),
        (b"\x1f\x8b\x08", Seen("gzip")),
        (b"\x27\x05\x19\x56", Seen("uboot")),
        (b"#!/bin/sh", Seen("other")),
        (b"", Seen("other")),
    ],
)
def test_a_file_is_known_by_how_it_begins(head: bytes, expected: Seen) -> None:
    assert seen(head) == expected


def test_the_kernel_of_this_home_is_what_it_is() -> None:
    kernels = sorted((HOME / "kernel/boot").glob("vmlinuz-*"))
    if not kernels:
        pytest.skip("no kernel is unpacked here")
    with kernels[0].open("rb") as file:
        assert seen(file.read(HEAD_BYTES)) == Seen("linux", "x86_64-linux")


@pytest.mark.parametrize(
    ("found", "system", "recipe", "good"),
    [
        (Seen("linux", "x86_64-linux"), "x86_64-linux", "linux", True),
        (Seen("linux", "i686-linux"), "x86_64-linux", "linux", True),
        (Seen("linux", "x86_64-linux"), "i686-linux", "linux", False),
        (Seen("linux", "aarch64-linux"), "x86_64-linux", "linux", False),
        (Seen("linux", "aarch64-linux"), "aarch64-linux", "linux", True),
        (Seen("efi"), "riscv64-linux", "linux", True),
        (Seen("uboot", "aarch64-linux"), "aarch64-linux", "linux", False),
        (Seen("elf"), "x86_64-linux", "linux", False),
        (Seen("efi", "x86_64-linux"), "x86_64-linux", "efi", True),
        (Seen("efi", "aarch64-linux"), "x86_64-linux", "efi", False),
        (Seen("gzip"), "x86_64-linux", "efi", False),
    ],
)
def test_what_would_not_start_has_a_reason(
    found: Seen, system: str, recipe: str, good: bool
) -> None:
    assert (fault(found, system, recipe) == "") is good


@pytest.mark.parametrize(
    ("found", "size", "good"),
    [
        (Seen("dtb"), LARGEST_TREE, True),
        (Seen("dtb"), LARGEST_TREE + 1, False),
        (Seen("linux", "aarch64-linux"), 10, False),
    ],
)
def test_a_device_tree_is_one_that_boards_have_room_for(found: Seen, size: int, good: bool) -> None:
    assert (tree_fault(found, size) == "") is good

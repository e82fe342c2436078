"""The script in its wrapping, read back as U-Boot reads it."""

import struct
import zlib

from services.netboot.uboot.boot_script import TEXT, TRIES, image


def test_u_boot_finds_both_sums_right() -> None:
    made = image()
    head, data = bytearray(made[:64]), made[64:]
    magic, checksum = struct.unpack(">II", head[:8])
    head[4:8] = bytes(4)
    assert (magic, checksum) == (0x27051956, zlib.crc32(head))
    size, _, _, sum_of_data = struct.unpack(">4I", head[12:28])
    assert (size, sum_of_data) == (len(data), zlib.crc32(data))


def test_the_text_stands_behind_its_length_and_a_zero() -> None:
    data = image("echo\n")[64:]
    assert data == struct.pack(">II", 5, 0) + b"echo\n"


def test_it_ends_when_nothing_ever_comes() -> None:
    assert f" {TRIES}; do\n" in TEXT


def test_a_device_tree_lies_two_mebibytes_below_the_ramdisk_where_no_place_is_named() -> None:
    assert "setexpr fdt_addr_r ${ramdisk_addr_r} - 200000" in TEXT

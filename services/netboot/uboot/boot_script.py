"""The script that U-Boot asks for by itself, in the wrapping that it wants.

Boards whose own targets have no `pxe` fetch `boot.scr.uimg`; here it leads to the same
configuration, and asks again while there is nothing to boot.  A script is a legacy image (U-Boot's
include/image.h): 64 bytes of header with two CRCs, the text's length, zero, the text.
"""

import struct
import zlib

RETRY_SECONDS = 10
TRIES = 60  # then U-Boot goes on with its own order
TREE_ROOM = 0x200000
"""Bytes below the ramdisk for the device tree, on boards that name no place of their own for it."""

MAGIC = 0x27051956
LINUX, ARM64, SCRIPT, PLAIN = 5, 22, 6, 0
"""Values of include/image.h; U-Boot does not look at the processor of a script."""

TEXT = f"""\
echo Nixie: asking the router what to boot
if test -z "${{fdt_addr_r}}"; then setexpr fdt_addr_r ${{ramdisk_addr_r}} - {TREE_ROOM:x}; fi
if test -z "${{localcmd}}"; then setenv localcmd setenv nixie over; fi
setenv nixie
for n in {" ".join(str(number) for number in range(1, TRIES + 1))}; do
if test -z "${{nixie}}"; then
if pxe get; then pxe boot; fi
fi
if test -z "${{nixie}}"; then
echo Nixie: asking again in {RETRY_SECONDS} seconds
sleep {RETRY_SECONDS}
fi
done
"""
"""`localcmd` is what U-Boot runs where a configuration says that the disk is next: it ends this."""


def image(text: str = TEXT) -> bytes:
    """The script as U-Boot takes it."""
    body = text.encode()
    data = struct.pack(">II", len(body), 0) + body

    def header(checksum: int) -> bytes:
        numbers = (MAGIC, checksum, 0, len(data), 0, 0, zlib.crc32(data))
        kinds = (LINUX, ARM64, SCRIPT, PLAIN)
        return struct.pack(">7I4B32s", *numbers, *kinds, b"Nixie")

    return header(zlib.crc32(header(0))) + data

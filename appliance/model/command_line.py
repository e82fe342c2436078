"""A kernel's command line, as iPXE hands it on."""

import re

LONGEST = 3_500
"""Characters; Linux on x86 takes 2048 to 4096, and the boot role adds some."""
OPERATORS = frozenset({"||", "&&", "#"})
"""Words that iPXE obeys wherever they stand alone."""
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
IN_RAMFS = "rootfstype=ramfs"


def passes(command_line: str) -> str:
    """A kernel command line that iPXE hands on unchanged.  Raises ValueError with a sentence."""
    line = " ".join(command_line.split())
    if UNPRINTABLE.search(line):
        raise ValueError("the kernel command line has characters outside ASCII")
    if "${" in line:
        raise ValueError("the kernel command line has ${…}, which iPXE would replace")
    if set(line.split()) & OPERATORS:
        raise ValueError("the kernel command line has a lone ||, && or #, which iPXE would obey")
    return line


def roomy(command_line: str) -> str:
    """The same, for a kernel whose ramdisk may fill the memory, unless it says itself where it is
    unpacked.

    >>> roomy("quiet"), roomy("quiet root=fstab")
    ('quiet rootfstype=ramfs', 'quiet root=fstab')
    """
    if any(word.startswith(("root=", "rootfstype=")) for word in command_line.split()):
        return command_line
    return f"{command_line} {IN_RAMFS}".strip()


def is_roomy(command_line: str) -> bool:
    """Whether a kernel unpacks its ramdisk into a ramfs.  The tmpfs that it takes otherwise ends at
    half of the memory that is free at that moment (linux/init/do_mounts.c, init_rootfs)."""
    words = command_line.split()
    kinds = [word for word in words if word.startswith("rootfstype=")]
    if any(word.startswith("root=") for word in words):
        return True
    return bool(kinds) and "tmpfs" not in kinds[-1]

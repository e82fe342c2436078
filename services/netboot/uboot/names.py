"""What U-Boot asks for by TFTP, told from the name.

It puts the folder of its boot file in front of every name, so a folder in front means nothing.
U-Boot cuts names at 128 characters; ours have at most half of that.
"""

import re
from dataclasses import dataclass

from appliance.model.names import mac_hyphens
from services.netboot.recipe import U_BOOT_SCRIPT

FOLDER = "nixie"
KERNEL, INITRD, RAMDISK, TREE = "kernel", "initrd", "ramdisk", "dtb"
"""The last word of a name; a ramdisk is the initrd of the form whose store comes later."""

_CONFIG = re.compile(r"(?:.*/)?pxelinux\.cfg/01-([0-9a-f]{2}(?:-[0-9a-f]{2}){5})")
_FILE = re.compile(rf"(?:.*/)?{FOLDER}/([A-Za-z0-9_-]{{24}})/(g-[0-9a-f]{{16}})/([a-z]+)")


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of the machine with this MAC."""

    mac: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of the image whose menu key is `key`, opened by `token`; `what` is one of ours."""

    token: str
    key: str
    what: str


@dataclass(frozen=True, slots=True)
class Script:
    """What leads every U-Boot to its configuration."""


Asked = Config | File | Script


def asked(name: str) -> Asked | None:
    """What a tidy name means here, None when it is nobody's business of ours.

    >>> asked("pxelinux.cfg/01-52-54-00-12-34-56"), asked("pxelinux.cfg/default")
    (Config(mac='52:54:00:12:34:56'), None)
    """
    if name.rpartition("/")[2] == U_BOOT_SCRIPT:
        return Script()
    config = _CONFIG.fullmatch(name)
    if config:
        return Config(config[1].replace("-", ":"))
    file = _FILE.fullmatch(name)
    if file and file[3] in (KERNEL, INITRD, RAMDISK, TREE):
        return File(file[1], file[2], file[3])
    return None


def config_name(mac: str) -> str:
    """The name under which the machine asks for its configuration."""
    return f"pxelinux.cfg/01-{mac_hyphens(mac)}"


def file_name(token: str, key: str, what: str) -> str:
    """The name of an image's file."""
    return f"{FOLDER}/{token}/{key}/{what}"

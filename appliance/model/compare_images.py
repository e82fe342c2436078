"""Two images side by side: what a machine would get otherwise."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from appliance.model.images import Image

_STORE_NAME = re.compile(r"[0-9a-df-np-sv-z]{32}-(.+?)(?:\.drv)?")


STARTED = ("kernel", "program")
"""Purposes of the part that is started."""


@dataclass(frozen=True, slots=True)
class Side:
    """One thing of both images; `before` and `after` are text, "" where an image has none."""

    name: str
    before: str
    after: str

    @property
    def same(self) -> bool:
        """Nothing changed."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Compared:
    """`sides` are shown, changed or not; `gone` and `new` are words of the kernel command line."""

    sides: tuple[Side, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]


def compared(before: Image, after: Image) -> Compared:
    """What is different from `before` to `after`; the order of a command line is none."""
    words = [one.command_line.split() for one in (before, after)]
    return Compared(
        sides=(
            Side("Revision", before.provenance.revision, after.provenance.revision),
            Side("Locked", before.provenance.locked, after.provenance.locked),
            Side("Kernel", kernel(before), kernel(after)),
            Side("Kernel SHA-256", _sha256(before, *STARTED), _sha256(after, *STARTED)),
            Side("Initial ramdisk SHA-256", _sha256(before, "initrd"), _sha256(after, "initrd")),
            Side("Toplevel", before.toplevel, after.toplevel),
            Side("Nix", before.provenance.nix, after.provenance.nix),
            Side("Made", before.provenance.adapted, after.provenance.adapted),
        ),
        gone=tuple(word for word in words[0] if word not in words[1]),
        new=tuple(word for word in words[1] if word not in words[0]),
    )


def kernel(image: Image) -> str:
    """The kernel's name and version, "" when the image does not say what it was built from.

    >>> store_name("/nix/store/0c0zw2r2g9kcj9l1k0a4hvjy7xw5kbvh-linux-6.12.44.drv")
    'linux-6.12.44'
    """
    return store_name(image.provenance.drvs.get("kernel", ""))


def store_name(path: str) -> str:
    """A store path without its hash; other paths by their last part."""
    name = PurePosixPath(path).name
    found = _STORE_NAME.fullmatch(name)
    return found[1] if found else name.removesuffix(".drv")


def _sha256(image: Image, *purposes: str) -> str:
    return " ".join(part.sha256 for part in image.parts if part.purpose in purposes)

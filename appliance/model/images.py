"""Image, part, verdict and finding: what the pipeline makes of a flake.

Standard library only: `boot` reads published images.  An image is a recipe (linux now) and its
ordered parts; a part is a list of segments served as one file.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.model.command_line import roomy

SCHEMA = 2
"""2: a segment may be a part of a file."""


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A segment on disk: `size` bytes of the file at the physical path `file`, from `offset` on."""

    file: str
    size: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Literal:
    """A segment of bytes kept in the manifest: cpio headers, padding, trailers."""

    content: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


Segment = StoreFile | Literal

DTB = "dtb"
"""Purpose of a part that only a loader without UEFI takes: a device tree."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file a machine downloads; `sha256` (hex) and `size` are of the bytes served."""

    purpose: str  # "kernel", "initrd", "store", "dtb"
    name: str  # the name in its URL: "bzImage", "initrd", "store.squashfs"
    size: int
    sha256: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an image comes from."""

    source: str  # source id
    url: str  # as the owner wrote it
    locked: str  # the locked URL
    revision: str  # "" when the source has none
    nar_hash: str
    last_modified: int  # Unix seconds, 0 unknown
    drvs: Mapping[str, str]  # "kernel" -> derivation path
    built_at: float
    built_on: str  # "here", "here with" builders that shared it, or a builder's name
    nix: str  # version
    adapted: str  # "native", "adapted", "as built"


@dataclass(frozen=True, slots=True)
class Image:
    """A bootable recipe.  `id` is `content_hash` of everything that decides what is served."""

    id: str
    host: str  # host id: "<source id>/<name>"
    name: str  # host name in the flake
    specialisation: str | None
    recipe: str  # "linux"
    system: str  # "x86_64-linux"
    parts: tuple[Part, ...]
    command_line: str  # without what the boot role adds (rootfstype, initrd=, BOOTIF, nixie.boot)
    toplevel: str
    watched: bool  # True when the client module phones home
    provenance: Provenance
    schema: int = SCHEMA
    thin: tuple[Part, ...] = ()  # the same host with its store apart; () when it has no such form
    initrd_modules: tuple[str, ...] = ()  # what its ramdisk can load; () where nobody looked

    @property
    def size(self) -> int:
        """Bytes a machine downloads."""
        return sum(part.size for part in self.parts)

    @property
    def every_part(self) -> tuple[Part, ...]:
        """The parts of both forms, each once."""
        return tuple(dict.fromkeys((*self.parts, *self.thin)))

    @property
    def always_thin(self) -> bool:
        """Whether its parts are those of the thin form: no ramdisk takes its store."""
        return any(part.purpose == "store" for part in self.parts)

    @property
    def given_line(self) -> str:
        """The command line as a machine gets it: a NixOS host is unpacked into all of the memory;
        of other systems nobody knows what they make of the word."""
        is_ours = self.recipe == "linux" and bool(self.toplevel)
        return roomy(self.command_line) if is_ours else self.command_line

    def part(self, purpose: str) -> Part:
        """The part with that purpose; raises KeyError."""
        for part in self.parts:
            if part.purpose == purpose:
                return part
        raise KeyError(purpose)


def content_hash(
    host: str, specialisation: str | None, parts: tuple[Part, ...], command_line: str, toplevel: str
) -> str:
    """SHA-256 hex over what a machine would get; the same build gives the same id."""
    told = json.dumps(
        [
            host,
            specialisation,
            [(p.purpose, p.name, p.sha256) for p in parts],
            command_line,
            toplevel,
        ]
    )
    return hashlib.sha256(told.encode()).hexdigest()


def image_to_json(image: Image) -> dict[str, Any]:
    """The manifest in published/images/<id>.json."""
    plain: dict[str, Any] = {
        name: getattr(image, name)
        for name in image.__dataclass_fields__
        if name not in {"parts", "thin", "initrd_modules", "provenance"}
    }
    plain["parts"] = [_part_to_json(part) for part in image.parts]
    plain["thin"] = [_part_to_json(part) for part in image.thin]
    plain["initrd_modules"] = list(image.initrd_modules)
    told = image.provenance
    plain["provenance"] = {
        name: dict(told.drvs) if name == "drvs" else getattr(told, name)
        for name in told.__dataclass_fields__
    }
    return plain


def _place(one: StoreFile) -> dict[str, Any]:
    told: dict[str, Any] = {"file": one.file, "size": one.size}
    return {**told, "offset": one.offset} if one.offset else told


def image_from_json(stored: Mapping[str, Any]) -> Image:
    """Read a manifest.  Raises ValueError when it comes from a newer version."""
    if int(stored["schema"]) > SCHEMA:
        raise ValueError("this image was published by a newer Nixie; update this one")
    apart = {"parts", "thin", "initrd_modules", "provenance"}
    rest = {key: value for key, value in stored.items() if key not in apart}
    return Image(
        parts=tuple(_part_from_json(one) for one in stored["parts"]),
        thin=tuple(_part_from_json(one) for one in stored.get("thin", ())),
        initrd_modules=tuple(stored.get("initrd_modules", ())),
        provenance=Provenance(**stored["provenance"]),
        **rest,
    )


def _part_to_json(part: Part) -> dict[str, Any]:
    return {
        "purpose": part.purpose,
        "name": part.name,
        "size": part.size,
        "sha256": part.sha256,
        "segments": [
            _place(one)
            if isinstance(one, StoreFile)
            else {"bytes": base64.b64encode(one.content).decode()}
            for one in part.segments
        ],
    }


def _part_from_json(stored: Mapping[str, Any]) -> Part:
    return Part(
        purpose=stored["purpose"],
        name=stored["name"],
        size=int(stored["size"]),
        sha256=stored["sha256"],
        segments=tuple(
            StoreFile(one["file"], int(one["size"]), int(one.get("offset", 0)))
            if "file" in one
            else Literal(base64.b64decode(one["bytes"]))
            for one in stored["segments"]
        ),
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the owner should know about a host or a lock file.

    `severity` is "note", "warn" or "bad" (cannot boot); `missing` the line to add;
    `where` file:line; `obstacle` what it is in a word of `obstacles.py`, "" when it has none.
    """

    severity: str
    what: str
    missing: str | None = None
    where: str | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a host is to us.  `kind`: native, adaptable, files, not-bootable; looking before."""

    host: str  # host id
    name: str
    kind: str
    reason: str | None  # a sentence, when not bootable
    system: str | None
    release: str | None
    watched: bool
    specialisations: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def obstacle(self) -> str:
        """Why it cannot boot, in a word of `obstacles.py`."""
        return next((one.obstacle for one in self.findings if one.severity == "bad"), "")

    @property
    def boots(self) -> bool:
        """A machine can boot it, once it is built."""
        return self.kind in ("native", "adaptable", "files")

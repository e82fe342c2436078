"""Does an image fit a machine, and in which of its two forms is it served?

A *thick* image brings its store inside the initial ramdisk, as firmware and loader take it; a
*thin* one is a small ramdisk whose first stage fetches the store.  The thick one needs nothing of
the network once the kernel runs; the thin one needs less memory, and the driver of the network card
in its ramdisk.

Pure.  What is not known of a machine is never held against it, and nothing here refuses: a doubt is
a finding with a way out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from appliance.model.command_line import is_roomy
from appliance.model.images import Finding, Image

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
THIN_FROM = GIGABYTE
"""A store larger than this is served thin where that is possible."""

WALLS: Mapping[str, int] = {"pcbios": 2 * GIGABYTE, "efi": GIGABYTE}
"""Bytes of a ramdisk that a platform loads for sure, by iPXE's ${platform}.

A BIOS loads it below 4 GiB.  UEFI wants one free run of memory: 1 GiB worked and 1.5 GiB did not
with 4 GB, 2 GiB did with 8 GB.
"""
ROOMY = 6 * 1024  # megabytes, from which UEFI has a longer run
ROOMY_WALL = 2 * GIGABYTE
NOWHERE = 4 * GIGABYTE  # cpio, kernel and iPXE all end there

# Megabytes that a machine needs: so many times the image, and the base for everything else.
THICK_TIMES: Mapping[str, float] = {"pcbios": 2.1, "efi": 3.1}
"""As it comes and unpacked; UEFI gives it to the kernel in a copy of its own."""
TMPFS_TIMES: Mapping[str, float] = {"pcbios": 3.1, "efi": 4.1}
"""The same for a kernel that unpacks it into half of the memory that is free then."""
THIN_TIMES = 1.1
UNITS = "boot.initrd.systemd.enable = true;"
"""What lets a first stage fetch the store."""
BASE_MEGABYTES = 150


@dataclass(frozen=True, slots=True)
class Known:
    """What a machine has told of itself; the empty values are what it did not tell."""

    platform: str = ""  # "pcbios", "efi"
    memory: int | None = None  # megabytes
    drivers: tuple[str, ...] = ()  # kernel modules, any of which drives its network card
    bus_id: str = ""  # of that card


@dataclass(frozen=True, slots=True)
class Fit:
    """How an image is served to a machine, why, and what may go wrong."""

    thin: bool
    why: str
    findings: tuple[Finding, ...] = ()


INSIDE = Fit(False, "It fits with its store inside the ramdisk.")
FETCHED = "So its first stage fetches the store."


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the decision looks at, in bytes; a form that the image does not have is None."""

    thick: int | None
    thin: int | None
    modules: frozenset[str] = frozenset()  # what the ramdisk can load
    way_out: str | None = UNITS  # the line that would give it the thin form
    roomy: bool = True  # the kernel may fill the memory with what it unpacks

    @classmethod
    def of(cls, image: Image) -> "Sizes":
        """An image's."""
        modules = frozenset(_plain(one) for one in image.initrd_modules)
        thick = None if image.always_thin else image.size
        thin = sum(part.size for part in image.thin) if image.thin else None
        way_out = None if image.provenance.adapted == "as built" else UNITS
        return cls(thick, thin, modules, way_out, is_roomy(image.given_line))


def known(facts: Mapping[str, object]) -> Known:
    """What the record of a boot has of its machine."""
    memory, drivers = facts.get("memory"), facts.get("drivers")
    return Known(
        str(facts.get("plat", "")),
        memory if isinstance(memory, int) else None,
        tuple(str(one) for one in drivers) if isinstance(drivers, (list, tuple)) else (),
        str(facts.get("bus_id") or facts.get("bus") or ""),
    )


def fit(image: Image, machine: Known) -> Fit:
    """The form in which the machine is given the image, and the doubts about it."""
    return decided(Sizes.of(image), machine)


def decided(sizes: Sizes, machine: Known) -> Fit:
    """The same, from sizes."""
    if sizes.thick is None:
        return _always_thin(sizes, machine)
    thick = _wall(sizes.thick, machine) or _thick_memory(sizes, machine)
    if thick is None and sizes.thick <= THIN_FROM:
        return INSIDE
    doubts = (thick,) if thick else ()
    if sizes.thin is None:
        why = "The image has only one form, with its store inside the ramdisk."
        return Fit(False, why, tuple(replace(one, missing=sizes.way_out) for one in doubts))
    card = missing_driver(sizes.modules, machine)
    if card is not None:
        why = "The store comes inside the ramdisk, though it may not fit."
        return Fit(False, why, (card, *doubts))
    why = thick.what if thick else "It has more than 1 GiB."
    return Fit(True, f"{why} {FETCHED}", _thin_memory(sizes, machine))


def _always_thin(sizes: Sizes, machine: Known) -> Fit:
    """There is nothing to choose: what may go wrong is only said."""
    card = missing_driver(sizes.modules, machine)
    doubts = (*((card,) if card else ()), *_thin_memory(sizes, machine))
    return Fit(True, f"No ramdisk takes a store of this size. {FETCHED}", doubts)


def missing_driver(modules: frozenset[str], machine: Known) -> Finding | None:
    """The network card's driver that a ramdisk with these modules lacks, and the line to add."""
    if not machine.drivers or modules & {_plain(one) for one in machine.drivers}:
        return None
    named = " ".join(f'"{one}"' for one in machine.drivers)
    return Finding(
        "warn",
        f"Its ramdisk cannot drive this network card, {machine.bus_id}. The driver is "
        f"{' or '.join(machine.drivers)}; with it the first stage could fetch the store.",
        f"boot.initrd.availableKernelModules = [ {named} ];",
    )


def _wall(size: int, machine: Known) -> Finding | None:
    wall = WALLS.get(machine.platform, NOWHERE)
    if machine.platform == "efi" and machine.memory is not None and machine.memory >= ROOMY:
        wall = ROOMY_WALL
    if size < wall:
        return None
    firmware = {"pcbios": "A BIOS", "efi": "UEFI"}.get(machine.platform, "Firmware")
    with_memory = f" with {machine.memory} MB of memory" if machine.memory else ""
    return Finding(
        "warn",
        f"{firmware}{with_memory} loads up to {_size(wall)} for sure, "
        f"and the image has {_size(size)}.",
    )


def _thick_memory(sizes: Sizes, machine: Known) -> Finding | None:
    table = THICK_TIMES if sizes.roomy else TMPFS_TIMES
    times = table.get(machine.platform, min(table.values()))
    return _memory(_needs(sizes.thick or 0, times), machine, "with its store inside the ramdisk")


def _thin_memory(sizes: Sizes, machine: Known) -> tuple[Finding, ...]:
    found = _memory(_needs(sizes.thin or 0, THIN_TIMES), machine, "even fetched by its first stage")
    return (found,) if found else ()


def _memory(needed: int, machine: Known, how: str) -> Finding | None:
    if machine.memory is None or machine.memory >= needed:
        return None
    return Finding(
        "warn",
        f"The image needs about {needed} MB of memory {how}, and the machine has "
        f"{machine.memory} MB.",
    )


def _needs(size: int, times: float) -> int:
    return round(size / MEGABYTE * times) + BASE_MEGABYTES


def _plain(module: str) -> str:
    return module.replace("-", "_")


def _size(count: int) -> str:
    if count >= GIGABYTE:
        return f"{count / GIGABYTE:.1f} GiB"
    return f"{round(count / MEGABYTE)} MiB"

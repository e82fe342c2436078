"""A decision as labels of U-Boot's configuration, or why U-Boot cannot start what was decided.

Pure.  U-Boot's own buffer holds a command line of 511 characters, so what a host can do without is
left out first: the card's name where the first stage needs no network, then the binary cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from appliance.model.command_line import passes
from appliance.model.fit import INSIDE
from appliance.model.images import Image, Part
from appliance.model.kernels import Seen
from services.netboot.choice import Page, Run, image_key
from services.netboot.parameters import Told, of_boot, of_store
from services.netboot.script import Urls
from services.netboot.uboot import names
from services.netboot.uboot.config import LONGEST, Label, appended

SYSTEM = "aarch64-linux"
"""What U-Boot is served for; 32-bit ARM was never tried."""
PACKED = {
    "gzip": "packed by gzip",
    "efi": "an EFI program that unpacks itself",
    "elf": "an ELF file",
}
"""Forms of kernels that U-Boot's booti does not start, as the end of a sentence."""
WAY_OUT = "Let its kernel be a plain Image, or give this machine UEFI firmware."


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot of one machine: where its files are, and what its command line says of us."""

    urls: Urls
    told: Told


def suited(run: Run, boot: Boot, kernel: Seen) -> Run | Page:
    """The form of the image that U-Boot can start, or a page saying why there is none."""
    image, name = run.image, run.image.name
    if image.system != SYSTEM:
        what = f"{name} is made for {image.system}; by U-Boot only {SYSTEM} is started."
        return Page(what, "Assign a host that is built for it.", reason="wrong-system")
    if image.recipe != "linux":
        what = f"{name} is an EFI program, and this machine starts by U-Boot, which has no UEFI."
        return Page(what, "Assign a host with a kernel, or give this machine UEFI firmware.")
    if kernel.system != SYSTEM or kernel.form not in ("linux", "uboot"):
        found = PACKED.get(kernel.form, "no Image for 64-bit ARM")
        return Page(f"The kernel of {name} is {found}, and U-Boot does not start that.", WAY_OUT)
    inside = [replace(run, fits=INSIDE)] if run.fits.thin and not image.always_thin else []
    why = ""
    for form in (run, *inside):
        try:
            line(form, boot)
        except ValueError as error:
            why = str(error)
        else:
            return form
    return Page(f"{name} cannot be started by U-Boot: {why}.", "Shorten the host's kernel params.")


def label(run: Run, boot: Boot, said: str) -> Label:
    """The entry that starts it.  Raises ValueError as `line` does."""
    key, token = image_key(run.image.id), boot.urls.token
    purposes = {part.purpose for part in run.parts}
    ramdisk = names.RAMDISK if run.fits.thin else names.INITRD
    return Label(
        key,
        said,
        kernel=names.file_name(token, key, names.KERNEL),
        initrd=names.file_name(token, key, ramdisk) if "initrd" in purposes else "",
        tree=names.file_name(token, key, names.TREE) if names.TREE in purposes else "",
        append=line(run, boot),
    )


def line(run: Run, boot: Boot) -> str:
    """The command line as U-Boot takes it.  Raises ValueError with the end of a sentence."""
    told = ""
    for words in _lines(run, boot):
        told = appended(words)
        if len(told) <= LONGEST:
            return told
    raise ValueError(f"its command line has {len(told)} characters, and U-Boot takes {LONGEST}")


def parts(image: Image, what: str) -> tuple[Part, ...]:
    """The parts behind the last word of a name."""
    purpose = "initrd" if what == names.RAMDISK else what
    found = image.thin if what == names.RAMDISK else image.parts
    return tuple(part for part in found if part.purpose == purpose)


def _lines(run: Run, boot: Boot) -> Iterator[list[str]]:
    own = passes(run.image.given_line).split()
    store = of_store(run.parts, boot.urls.part)
    for told in (boot.told, replace(boot.told, cache="")):
        card, *rest = of_boot(run.image, boot.urls.mac, told)
        if told is boot.told or store:
            yield [*own, card, *rest, *store]
        if not store:
            yield [*own, *rest]

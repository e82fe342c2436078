"""From built files to the parts a machine downloads.

The initrd is one part of several segments: the host's own ramdisk, a cpio header, the squashfs as
/nix-store.squashfs, and a trailer.  Only the few bytes between are new; the files are served from
the store.  A store of 4 GiB or more does not go into a ramdisk: it is served apart, or refused.
Sizes come in, segments go out; hashing is the door's work.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import Problem, Refused
from appliance.model.images import DTB, Finding, Literal, Segment, StoreFile
from appliance.model.kernels import LARGEST_TREE, Seen, tree_fault
from services.nix import cpio
from services.nix.recipe import Recipe

STORE_APART = "store.squashfs"  # its name in a URL
STORE_IMAGE = "nix-store.squashfs"  # nixpkgs: nixos/modules/installer/netboot/netboot.nix
GIBIBYTE = 1 << 30
LARGEST_PART = 4 * GIBIBYTE
HEAVY_PART = 3 * GIBIBYTE // 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A part before it is hashed."""

    purpose: str
    name: str
    segments: tuple[Segment, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(one.size for one in self.segments)


def wanted_files(made: Recipe) -> Mapping[str, str]:
    """Part → path below the store of the file that is served."""
    names = {
        "kernel": f"/{made.kernel_file}",
        "initialRamdisk": f"/{made.initrd_file}",
        "netbootRamdisk": f"/{made.initrd_file}",
        "squashfsStore": "",
        DTB: f"/{made.dtb_file}",
    }
    return {part: made.outs[part] + names[part] for part in made.outs}


def layouts(made: Recipe, files: Mapping[str, StoreFile]) -> tuple[Layout, ...]:
    """The image's parts in order; those of the thin form where there is no other.  Raises Refused
    when one is too large for a machine."""
    apart = thin_layouts(made, files)
    planned = apart if apart and _whole(files) >= LARGEST_PART else _thick_layouts(made, files)
    for part in planned:
        if part.size >= LARGEST_PART and part.purpose != "store":
            raise Refused(
                Problem(
                    (part.purpose,),
                    f"The {part.purpose} has {part.size / GIBIBYTE:.1f} GiB; firmware and iPXE "
                    "load less than 4 GiB. Make the host smaller, or move data out of it.",
                )
            )
    return (*planned, *_tree(made, files))


def _thick_layouts(made: Recipe, files: Mapping[str, StoreFile]) -> tuple[Layout, ...]:
    kernel = Layout("kernel", made.kernel_file.rpartition("/")[2], (files["kernel"],))
    if "netbootRamdisk" in files:
        return (kernel, Layout("initrd", "initrd", (files["netbootRamdisk"],)))
    inside = _initrd(files["initialRamdisk"], files["squashfsStore"])
    return (kernel, Layout("initrd", "initrd", inside))


def _whole(files: Mapping[str, StoreFile]) -> int:
    """Bytes of a ramdisk with the store inside, but for the few between."""
    return files["initialRamdisk"].size + files["squashfsStore"].size


def thin_layouts(made: Recipe, files: Mapping[str, StoreFile]) -> tuple[Layout, ...]:
    """The same host with its store apart, for a first stage that fetches it: the very same files,
    so nothing is kept twice.  () when its first stage cannot."""
    if not made.thin or "squashfsStore" not in files:
        return ()
    return (
        Layout("kernel", made.kernel_file.rpartition("/")[2], (files["kernel"],)),
        Layout("initrd", "ramdisk", (files["initialRamdisk"],)),
        Layout("store", STORE_APART, (files["squashfsStore"],)),
    )


def weight(parts: tuple[Layout, ...]) -> tuple[Finding, ...]:
    """What the owner should know about the size of an image."""
    size = sum(part.size for part in parts)
    if size < HEAVY_PART:
        return ()
    needs = (
        "No ramdisk takes its store, so each machine fetches it, and needs a tenth more than that "
        "as memory."
        if any(part.purpose == "store" for part in parts)
        else "With its store inside the ramdisk a machine needs more than twice that as memory, "
        "and some firmware stops at 1 GiB."
    )
    return (Finding("warn", f"The image has {size / GIBIBYTE:.1f} GiB. {needs}"),)


def _tree(made: Recipe, files: Mapping[str, StoreFile]) -> tuple[Layout, ...]:
    """The device tree, for what starts without UEFI."""
    if DTB not in files:
        return ()
    tree = Layout(DTB, made.dtb_file.rpartition("/")[2], (files[DTB],))
    if tree.size > LARGEST_TREE:
        what = tree_fault(Seen("dtb"), tree.size)
        raise Refused(Problem((DTB,), f"{tree.name} {what}."))
    return (tree,)


def _initrd(ramdisk: StoreFile, squashfs: StoreFile) -> tuple[Segment, ...]:
    if squashfs.size > cpio.LARGEST:
        raise Refused(
            Problem(
                ("initrd",),
                f"The host's store has {squashfs.size / GIBIBYTE:.1f} GiB packed; a ramdisk takes "
                "less than 4 GiB. Make the host smaller, or move data out of it. With "
                "boot.initrd.systemd.enable, and not served as built, its first stage fetches a "
                "store of any size.",
            )
        )
    before = cpio.padding(ramdisk.size) + cpio.header(STORE_IMAGE, squashfs.size)
    after = cpio.padding(squashfs.size) + cpio.trailer()
    return (ramdisk, Literal(before), squashfs, Literal(after))

"""The door from a planned part to one that is served: its hash, and where its bytes lie.

The hash is of the file as it was built, and must be that of what is served in its place.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from appliance.errors import Unreachable
from appliance.model.images import Part, StoreFile
from appliance.store.builds import BuildRow
from services.nix.assembly import Layout
from services.nix.calls import drop
from services.nix.desk import Desk
from services.nix.publish.driver import hashed
from services.nix.recipe import Recipe
from services.nix.sharing.driver import thinned
from services.nix.store_path import store_path_of


async def parts_of(
    desk: Desk,
    row: BuildRow,
    planned: Sequence[Layout],
    files: Mapping[str, StoreFile],
    known: dict[str, Part],
) -> tuple[Part, ...]:
    """The parts as `part_of` makes them; what is `known` is not read again."""
    for one in planned:
        if str(one) not in known:
            known[str(one)] = await part_of(desk, row, one, files)
    return tuple(known[str(one)] for one in planned)


async def part_of(desk: Desk, row: BuildRow, whole: Layout, files: Mapping[str, StoreFile]) -> Part:
    """A part with its hash; what an earlier squashfs has of this one's is served from there."""
    part = await hashed(whole)
    squashfs = files.get("squashfsStore")
    if squashfs is None or squashfs not in whole.segments:
        return part
    thin = await thinned(desk.published, whole, squashfs)
    if thin == whole or (await hashed(thin)).sha256 != part.sha256:
        return part
    theirs = {store_path_of(one.file) for one in thin.segments if isinstance(one, StoreFile)}
    if await desk.nix.keep(sorted(theirs - {""}), desk.build_roots(row.id) / "shared"):
        return part  # the garbage collector was faster: it stays whole
    return replace(part, segments=thin.segments)


async def let_go(desk: Desk, row: BuildRow, made: Recipe, parts: Collection[Part]) -> None:
    """A squashfs of which every byte is served from elsewhere needs no place in the store."""
    served = {
        store_path_of(one.file)
        for part in parts
        for one in part.segments
        if isinstance(one, StoreFile)
    }
    every = (made, *made.specialisations.values())
    for path in {one.outs["squashfsStore"] for one in every if "squashfsStore" in one.outs}:
        if path in served:
            continue
        for root in desk.build_roots(row.id).iterdir():
            if root.is_symlink() and str(root.readlink()) == path:
                root.unlink()
        with suppress(Unreachable):  # something else needs it
            await desk.nix.said(drop(desk.nix.store, path))

"""The door to hosts from files: from what the owner said to an image in the store.

A set of files is a revision; each file is taken from where it was sent to, or downloaded, and is
what its SHA-256 says, or it is not served.
"""

import asyncio
import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused
from appliance.model.files import (
    LARGEST_FILE,
    BootFile,
    FilesHost,
    changes,
    digest_of,
    from_json,
    from_text,
    is_files,
)
from appliance.model.images import (
    DTB,
    Image,
    Part,
    Provenance,
    StoreFile,
    Verdict,
    content_hash,
)
from appliance.model.kernels import HEAD_BYTES, fault, seen, tree_fault
from appliance.store import build_facts
from appliance.store.build_facts import Fetched
from appliance.store.builds import BuildRow, revisions
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from appliance.store.uploads.open import arrived
from services.nix.calls import add
from services.nix.desk import Desk
from services.nix.driver import Hear
from services.nix.inventory import look_options
from services.nix.publish.driver import store_file
from services.nix.store_path import file_path
from services.nix.unfetched import Sought, why
from services.nix.verdict import Answer

TRIES = 3
PIECE_BYTES = 1 << 20


def taken(desk: Desk, source: SourceView) -> tuple[str, int, str]:
    """Note what the owner said as a revision with one host; (host id, revision, what is new)."""
    host = from_text(source.files)
    database = desk.database
    last = next(iter(revisions(database, source.id, 1)), None)
    before = _before(desk, f"{source.id}/{host.name}")
    told = changes(before, host)
    ident = f"{source.id}/{host.name}"
    with transaction(database):
        if last is None or last.nar_hash != host.digest:
            found = Fetched(source.url, "", host.digest, 0, "", "", None, (), told)
            before_hash = last.nar_hash if last else ""
            revision = build_facts.revision_seen(
                database, source.id, found, before_hash, desk.now()
            )
        else:
            revision, told = last.id, ()
        build_facts.hosts_listed(database, source.id, revision, (host.name,))
        build_facts.host_judged(
            database,
            Verdict(ident, host.name, "files", None, host.system, None, watched=False),
            revision=revision,
            recipe=json.loads(source.files),
            looked=f"files {look_options(source)}",
            at=desk.now(),
        )
    return ident, revision, " ".join(told) or "Its files are as the owner named them."


async def image(
    desk: Desk, row: BuildRow, source: SourceView, host: FilesHost, hear: Hear
) -> Image:
    """Bring every file into the store, keep it there, and make the image of them.

    Raises Refused with the sentence for the first file that is not to be had, or not to be booted.
    """
    parts = []
    for number, one in enumerate(host.files):
        root = desk.build_roots(row.id) / f"file-{number}"
        path = await _in_store(desk, one, root, hear)
        parts.append(await _part(desk, host, one, store_file(desk.nix.store, path), root))
    made = tuple(parts)
    return Image(
        id=content_hash(row.host, None, made, host.command_line, ""),
        host=row.host,
        name=host.name,
        specialisation=None,
        recipe=host.recipe,
        system=host.system,
        parts=made,
        command_line=host.command_line,
        toplevel="",
        watched=False,
        provenance=Provenance(
            source=source.id,
            url=source.url,
            locked=source.url,
            revision="",
            nar_hash=host.digest,
            last_modified=0,
            drvs={},
            built_at=desk.now(),
            built_on="here",
            nix=str(desk.version or ""),
            adapted="as built",
        ),
    )


async def _in_store(desk: Desk, one: BootFile, root: Path, hear: Hear) -> str:
    path = file_path(one.sha256)
    for _ in range(TRIES):
        if not desk.nix.store.file(path).exists():
            await _brought(desk, one, hear)
        lost = await desk.nix.keep((path,), root)
        if lost is None:
            return path
    raise Refused(
        Problem(("store",), f"{one.name} was removed from the store as fast as it came: {lost}")
    )


async def _brought(desk: Desk, one: BootFile, hear: Hear) -> None:
    place = arrived(desk.state, one.sha256)
    if place is not None:
        await desk.nix.said(add(desk.nix.store, place))
        return
    if not one.url:
        what = f"{one.name} is not on the router any more. Send it again: Edit the files."
        raise Refused(Problem(("files",), what))
    answer = await desk.nix.ask("file", {"url": one.url, "sha256": one.sha256}, hear)
    if not answer.good:
        parts = urlsplit(one.url)
        sought = Sought(one.name, parts.hostname or "", parts.port or 0)
        raise Refused(Problem(("files",), why(answer, sought)[1]))
    came = _hash(answer)
    if came != one.sha256:
        raise Refused(Problem(("files",), _other(one, came)))


def _other(one: BootFile, came: str) -> str:
    return (
        f"{one.name} was downloaded, but it is not the file you named: its SHA-256 is "
        f"{came or 'unknown'}, and yours is {one.sha256}. Nothing of it is served. Compare both "
        "with what its publisher says; if there is a new version, put its SHA-256 in."
    )


def _hash(answer: Answer) -> str:
    """The SHA-256 (hex) of what was downloaded, "" when Nix did not say one."""
    try:
        told: Mapping[str, object] = json.loads(answer.out)
        return digest_of(str(told["hash"]))
    except (ValueError, TypeError, KeyError):
        return ""


async def _part(desk: Desk, host: FilesHost, one: BootFile, file: StoreFile, root: Path) -> Part:
    """The part that a machine loads; a packed kernel is unpacked, for no loader of ours can."""
    if file.size > LARGEST_FILE:
        what = f"{one.name} has {file.size >> 30} GiB; firmware and iPXE load less than 4 GiB."
        raise Refused(Problem(("files",), what))
    part = Part(one.purpose, one.name, file.size, one.sha256, (file,))
    if one.purpose == "initrd":
        return part
    if one.purpose == DTB:
        if wrong := tree_fault(seen(_head(file)), file.size):
            raise Refused(Problem(("files",), f"{one.name} {wrong}."))
        return part
    if seen(_head(file)).form == "gzip" and one.purpose == "kernel":
        part = await _unpacked(desk, one, file, root)
    (segment,) = part.segments
    assert isinstance(segment, StoreFile)
    if wrong := fault(seen(_head(segment)), host.system, host.recipe):
        raise Refused(Problem(("files",), f"{one.name} {wrong}."))
    return part


async def _unpacked(desk: Desk, one: BootFile, file: StoreFile, root: Path) -> Part:
    """A kernel out of its gzip, as a file of its own in the store."""
    try:
        place = await asyncio.to_thread(_unpack, Path(file.file), root.parent)
    except (OSError, EOFError, zlib.error) as error:
        what = f"{one.name} is packed by gzip and could not be unpacked: {error}."
        raise Refused(Problem(("files",), what)) from error
    try:
        path = (await desk.nix.said(add(desk.nix.store, place))).strip()
    finally:
        place.unlink(missing_ok=True)
    lost = await desk.nix.keep((path,), root.with_name(f"{root.name}-unpacked"))
    if lost is not None:
        raise Refused(Problem(("store",), f"{one.name} could not be kept in the store: {lost}"))
    made = store_file(desk.nix.store, path)
    return Part(one.purpose, one.name, made.size, place.name, (made,))


def _unpack(packed: Path, folder: Path) -> Path:
    """What is in a gzip, as a file called by its SHA-256 (hex)."""
    import gzip  # for who needs it

    place, told, size = folder / ".unpacked", hashlib.sha256(), 0
    with gzip.open(packed) as source, place.open("wb") as target:
        while piece := source.read(PIECE_BYTES):
            size += len(piece)
            if size > LARGEST_FILE:
                raise OSError("there are more than 4 GiB in it")
            told.update(piece)
            target.write(piece)
    return place.replace(folder / told.hexdigest())


def _head(file: StoreFile) -> bytes:
    with Path(file.file).open("rb") as opened:
        return opened.read(HEAD_BYTES)


def _before(desk: Desk, host: str) -> FilesHost | None:
    """What the host was when it was looked at last."""
    look = build_facts.look(desk.database, host)
    return from_json(look.recipe) if look and is_files(look.recipe) else None

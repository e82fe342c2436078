"""Hosts from files: other operating systems, from files that their owner names by checksum.

Each is a source with one host, so that menus, assignments, generations and removal are the same.
"""

from collections.abc import Collection, Iterator

from sqlmodel import Session

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act, permit
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import SourceActed
from appliance.model.files import SCHEME, FilesHost, checked, from_text, to_text
from appliance.model.images import DTB
from appliance.model.kernels import fault, seen, tree_fault
from appliance.store import inventory
from appliance.store.tables import Source
from appliance.store.uploads.open import Coming, arrived, head, sweep
from appliance.store.uploads.open import folder as uploads


def put_files(desk: Desk, actor: Actor, host: FilesHost, source: str = "") -> Done:
    """Add a host from files, or give that of `source` other ones: a new generation of it.

    Files without an address were sent before (`sending`), or belong to the host already.
    """
    with act(desk, actor, "put_files") as doing:
        row = _source(doing.session, source) if source else None
        known = from_text(row.files) if row else None
        if known is not None and host.name != known.name:
            what = f"This host is called {known.name}, and its machines know it so."
            raise Refused(problem(what, "name"))
        made = checked(host)
        had = {one.sha256 for one in known.files} if known else set()
        problems = [*_absent(desk, made, had), *_wrong(desk, made)]
        if row is None and inventory.named(doing.session, Source, made.name):
            problems.append(problem(f"Another source is named {made.name}.", "name"))
        if problems:
            raise Refused(*problems)
        if row is not None:
            changed = doing.change(row, files=to_text(made))
            what = f"{made.name} gets a new generation from these files." if changed else ""
            what = what or f"{made.name} was like that already."
            return doing.tell(row.id, what, SourceActed)
        row = Source(
            id=desk.new_id(),
            account=actor.account,
            origin=ORIGIN,
            name=made.name,
            url=f"{SCHEME}{made.name}",
            trust="mine",
            as_built=True,
            allow_ifd=False,
            interval_seconds=0,
            created_at=desk.now(),
            files=to_text(made),
        )
        doing.insert(row)
        return doing.tell(row.id, f"{made.name} is added. Its files are checked now.", SourceActed)


def sending(desk: Desk, actor: Actor) -> Coming:
    """A place for one file that its owner sends now; what nobody used makes room for it."""
    permit(desk, actor, "write", "send_file")
    sweep_files(desk)
    return Coming(uploads(desk.reads.state), desk.new_id())


def frees(desk: Desk, source: str) -> int:
    """Bytes on the disk that go with a host from files: those that no other one has."""
    own: dict[str, int] = {}
    others: set[str] = set()
    for row in desk.reads.generations():
        image = desk.reads.image(row.image)
        mine = row.host.partition("/")[0] == source
        for part in image.parts if image else ():
            if mine:
                own[part.sha256] = part.size
            else:
                others.add(part.sha256)
    return sum(size for sha256, size in own.items() if sha256 not in others)


def sweep_files(desk: Desk) -> None:
    """Forget files that an image has now, and those that no host named for a day."""
    named, had = set[str](), set[str]()
    for view in desk.reads.sources():
        if not view.files:
            continue
        host = from_text(view.files)
        newest = next(iter(desk.reads.generations(f"{view.id}/{host.name}")), None)
        image = desk.reads.image(newest.image) if newest else None
        files = {one.sha256 for one in host.files}
        named |= files
        if image is not None and image.provenance.nar_hash == host.digest:
            had |= files
    sweep(desk.reads.state, desk.now(), wanted=named - had, had=had)


def _source(session: Session, ident: str) -> Source:
    row = inventory.source(session, ident)
    if row is None or not row.files:
        raise Unknown(problem("There is no such host from files, or it was removed."))
    return row


def _absent(desk: Desk, host: FilesHost, had: Collection[str]) -> Iterator[Problem]:
    for place, one in enumerate(host.files):
        if one.url or one.sha256 in had or arrived(desk.reads.state, one.sha256):
            continue
        what = (
            f"{one.name} was not sent to the router yet, and has no address. Give it one of both."
        )
        yield problem(what, "files", place, "sha256")


def _wrong(desk: Desk, host: FilesHost) -> Iterator[Problem]:
    """What was sent and cannot be started; of what is still to come, the build says it."""
    for place, one in enumerate(host.files):
        if one.purpose == "initrd" or not arrived(desk.reads.state, one.sha256):
            continue
        found = seen(head(desk.reads.state, one.sha256))
        if one.purpose == DTB:
            if wrong := tree_fault(found, 0):
                yield problem(f"{one.name} {wrong}.", "files", place, "sha256")
            continue
        packed = found.form == "gzip" and one.purpose == "kernel"
        wrong = "" if packed else fault(found, host.system, host.recipe)
        if wrong:
            yield problem(f"{one.name} {wrong}.", "files", place, "sha256")

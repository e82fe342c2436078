"""One source, from its URL to a verdict on each of its hosts.

Resolve and fetch as `fetch`, audit the lock file, list and look as `eval`.  Every step roots what
it found before the next begins; when the garbage collector was faster, the step is done again.
What was known before stays until something newer is known.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.errors import NixieError, Problem, Refused
from appliance.model.images import Finding
from appliance.model.reach import places
from appliance.model.source_url import NotASource, SourceUrl, parse
from appliance.model.trust import treatment
from appliance.store import build_facts
from appliance.store.build_facts import Fetched
from appliance.store.builds import RevisionRow, SourceStateRow, revisions, source_states
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from services.nix.desk import Adapter, Desk
from services.nix.driver import chance
from services.nix.failure import STALE, Troubled
from services.nix.files.driver import taken
from services.nix.guard.driver import ask
from services.nix.inventory import look_options
from services.nix.lock import Audit, Node, audit, changes, short
from services.nix.looks.driver import TRIES, Ready, Sight, collected, host_names, look_at_all
from services.nix.publish.driver import keep_only
from services.nix.rebound.driver import is_rebound
from services.nix.schedule import next_check
from services.nix.store_path import NAR_HASH, is_store_path, tree_path
from services.nix.unfetched import Sought, rebound, why
from services.nix.verdict import Answer
from services.nix.versions import refusal, warning

FETCHES_AT_ONCE = 4
INPUTS = "its inputs"


async def check(
    desk: Desk, source: SourceView, allowed: Sequence[str], wish: str | None, ready: Ready
) -> None:
    """Read a source again and look at its hosts; every outcome is a row and an event."""
    before = source_states(desk.database).get(source.id)
    _stands(desk, source, "fetching", "")
    try:
        if source.files:
            _named(desk, source, wish, ready)
        else:
            await _read(desk, source, allowed, wish, ready)
    except NixieError as why:
        found = (why.found,) if isinstance(why, Troubled) else ()
        with transaction(desk.database):
            if before is None or before.what != str(why):
                _told(desk, source, "itself", found)
            row = _row(desk, source, "unreadable", str(why))
            word = found[0].obstacle if found else ""
            build_facts.source_unreadable(desk.database, row, wish, word)
        desk.publish()


def unfinished(desk: Desk, source: SourceView) -> bool:
    """Its last check was cut off, or it was looked at with other options."""
    known = source_states(desk.database).get(source.id)
    looks = build_facts.looked_at(desk.database, source.id).values()
    return (
        known is None
        or known.state in {"fetching", "looking", "removed"}
        or any(not looked.endswith(look_options(source)) for _, looked in looks)
    )


def _named(desk: Desk, source: SourceView, wish: str | None, ready: Ready) -> None:
    """A host from files: what its owner named is all there is to read."""
    host, revision, what = taken(desk, source)
    with transaction(desk.database):
        build_facts.source_checked(
            desk.database, _row(desk, source, "ready", "", revision), what, wish
        )
    ready(host)
    desk.publish()


async def adapter_of(desk: Desk) -> Adapter:
    """Put our adapter into the store and keep it there.  Raises Refused or Unreachable."""
    for _ in range(TRIES):
        answer = await desk.nix.ask("adapter", {})
        told = _tree(answer, "The netboot adapter cannot be put into the store")
        lost = await desk.nix.keep((told["path"],), desk.nix.store.roots / "adapter/tree")
        if lost is None:
            return Adapter(told["path"], told["nar_hash"])
    raise collected("The netboot adapter", lost)


async def _read(
    desk: Desk, source: SourceView, allowed: Sequence[str], wish: str | None, ready: Ready
) -> None:
    await desk.meet_nix()
    problem = refusal(desk.version, source.trust)
    if problem is not None:
        raise Refused(Problem(("nix",), problem))
    if desk.lowered:
        raise Troubled(Finding("bad", desk.lowered, obstacle="no-sandbox"))
    url = _address(source, allowed)
    found = await _resolved(desk, source, url, allowed)
    asked = audit(
        found.lock, source.trust, frozenset(one.host for one in places(source.url, source.reach))
    )
    unfetched = await _inputs(desk, source, found, asked)
    found = replace(found, findings=(*_holes(desk), *asked.findings, *unfetched.values()))
    absent = {**asked.absent, **unfetched}
    revision, moved = _seen(desk, source, found)
    _stands(desk, source, "looking", "", revision)
    if desk.adapter is None:
        desk.adapter = await adapter_of(desk)
    sight = Sight(source, found, revision, absent)
    names = await host_names(desk, sight)
    with transaction(desk.database):
        had = set(build_facts.looked_at(desk.database, source.id))
        build_facts.hosts_listed(desk.database, source.id, revision, names)
        told = (*(moved or ()), *(_host_changes(source.id, had, names) if had else ()))
        if moved is not None:
            build_facts.revision_noted(
                desk.database, revision, findings=found.findings, changes=told
            )
    desk.publish()
    await look_at_all(desk, sight, names, ready, again=wish is not None)
    what = " ".join(told) or _summary(found, len(names), fresh=moved is not None)
    with transaction(desk.database):
        build_facts.source_checked(
            desk.database, _row(desk, source, "ready", "", revision), what, wish
        )
    _forget_old_roots(desk, source, found)
    desk.publish()


def _holes(desk: Desk) -> tuple[Finding, ...]:
    known = warning(desk.version) if desk.version else None
    return (Finding("warn", known),) if known else ()


def _told(desk: Desk, source: SourceView, name: str, found: Iterable[Finding]) -> None:
    """By what a stranger's flake would have had more than is its own, in the open transaction."""
    if not treatment(source.trust).unwatched:
        build_facts.went_too_far(desk.database, source.id, name, found, desk.now())


def _address(source: SourceView, allowed: Sequence[str]) -> SourceUrl:
    try:
        return parse(source.url, allowed)
    except NotASource as wrong:
        raise Refused(Problem(("url",), wrong.what)) from wrong


async def _resolved(
    desk: Desk, source: SourceView, url: SourceUrl, allowed: Sequence[str]
) -> Fetched:
    args: dict[str, object] = {"url": source.url, **({"allowed": [*allowed]} if url.local else {})}
    sought = Sought("This source", url.host, url.port, url.directory)
    for _ in range(TRIES):
        user = {} if url.local else _user(desk, source)
        answer = await ask(desk, "resolve", _with_credential(source, {**args, **user}))
        if not answer.good or STALE.search(answer.around):
            word, told_why = await _why(answer, sought)
            raise Troubled(Finding("bad", told_why, obstacle=word))
        told = _tree(answer, "The source")
        if told["flake"] is not True:
            where = f" in {url.dir}" if url.dir else ""
            raise Refused(
                Problem(
                    ("url",),
                    f"There is no flake.nix{where} in this source. Give its directory with ?dir=, "
                    "or another address.",
                )
            )
        root = _root(desk, source, told["nar_hash"]) / "tree"
        lost = await desk.nix.keep((told["path"],), root)
        if lost is None:
            return Fetched(
                locked=_locked_text(url, told),
                rev=_revision(told),
                nar_hash=told["nar_hash"],
                last_modified=int(told.get("last_modified") or 0),
                path=told["path"],
                dir=url.dir,
                lock=told["lock"] if isinstance(told.get("lock"), str) else None,
                findings=(),
                changes=(),
            )
    raise collected("The source", lost)


async def _inputs(
    desk: Desk, source: SourceView, found: Fetched, asked: Audit
) -> Mapping[str, Finding]:
    """Fetch and root what the lock file asks for; why inputs are absent, by their address."""
    root = _root(desk, source, found.nar_hash)
    paths = [tree_path(node.nar_hash) for node in asked.fetch]
    if await desk.nix.keep(paths, root / "inputs") is None:
        return {}
    gate = asyncio.Semaphore(FETCHES_AT_ONCE)
    results = await asyncio.gather(
        *(
            _input(desk, source, node, root / f"input-{n}", gate)
            for n, node in enumerate(asked.fetch)
        )
    )
    told = zip(asked.fetch, results, strict=True)
    return {node.address: why for node, why in told if why is not None}


async def _input(
    desk: Desk, source: SourceView, node: Node, root: Path, gate: asyncio.Semaphore
) -> Finding | None:
    """Why an input is absent, None when it is here."""
    path = tree_path(node.nar_hash)
    async with gate:
        for _ in range(TRIES):
            there = desk.nix.store.file(path).exists()
            if there and await desk.nix.keep((path,), root) is None:
                return None
            args = {"locked": dict(node.locked), **_user(desk, source)}
            answer = await ask(desk, "input", _with_credential(source, args))
            if not answer.good:
                sought = Sought(f"Input {node.name}", node.host, node.port)
                word, what = await _why(answer, sought)
                return Finding("warn", what, where="flake.lock", obstacle=word)
    what = f"Input {node.name} was removed from the store as fast as it came. Look again."
    return Finding("warn", what, where="flake.lock")


async def _why(answer: Answer, sought: Sought) -> tuple[str, str]:
    """(word, sentence) for a fetch that failed; our resolver says which names lead home."""
    word, what = why(answer, sought)
    if word == "unknown-server" and sought.host and await is_rebound(sought.host):
        return rebound(sought.host, sought.subject)
    return word, what


def _seen(desk: Desk, source: SourceView, found: Fetched) -> tuple[int, tuple[str, ...] | None]:
    """(revision id, what changed): a new row only when something of it differs.

    The commit and its time count too: a flake may use self.rev and self.lastModified.  What changed
    is () for a first revision, and None when it is the one that was there.
    """
    database = desk.database
    old = next(iter(revisions(database, source.id, 1)), None)
    below, lock = build_facts.revision_lock(database, old.id if old else None)
    if old is not None and _identity(old, below) == _identity(found, found.dir):
        with transaction(database):
            news = tuple(one for one in found.findings if one not in old.findings)
            _told(desk, source, INPUTS, news)
            build_facts.revision_noted(
                database, old.id, findings=found.findings, changes=old.changes
            )
        return old.id, None
    before = (old.rev or old.nar_hash) if old is not None else ""
    told = () if old is None else (_moved(old, found), *changes(lock, found.lock))
    with transaction(database):
        ident = build_facts.revision_seen(
            database, source.id, replace(found, changes=told), before, desk.now()
        )
        _told(desk, source, INPUTS, found.findings)
    return ident, told


def _identity(one: RevisionRow | Fetched, below: str) -> tuple[str, str, int, str]:
    return one.nar_hash, one.rev, one.last_modified, below


def _moved(old: RevisionRow, new: Fetched) -> str:
    """What is new about a revision, as a sentence."""
    same = old.nar_hash == new.nar_hash
    if same and old.rev == new.rev:
        return "The files are the same, only their times are new."
    before, after = (short(one.rev or one.nar_hash) for one in (old, new))
    return f"Revision {before} → {after}{', with the same files' if same else ''}."


def _with_credential(source: SourceView, args: dict[str, object]) -> dict[str, object]:
    keyed = source.credential if treatment(source.trust).keys else None
    return {**args, "credential": keyed} if keyed else args


def _user(desk: Desk, source: SourceView) -> dict[str, object]:
    """Who fetches: a user of the source's own, when it may reach somebody at home."""
    user = desk.fetchers.get(source.id)
    return {"as": user} if user else {}


def _tree(answer: Answer, what: str) -> Mapping[str, Any]:
    """The facts about a fetched tree.  Raises Refused when they are not what we asked for."""
    if not answer.good:
        raise Refused(Problem(("url",), f"{what}: {answer.error or answer.what}"))
    try:
        told = json.loads(answer.out)
        if is_store_path(told["path"]) and NAR_HASH.fullmatch(told["nar_hash"]):
            return dict(told)
    except (ValueError, TypeError, KeyError):
        pass
    raise Refused(Problem(("url",), f"{what}: nix answered something that cannot be read."))


def _revision(told: Mapping[str, Any]) -> str:
    rev = str(told.get("rev") or "")
    return rev.removesuffix("-dirty") if all(c in "0123456789abcdef-dirty" for c in rev) else ""


def _locked_text(url: SourceUrl, told: Mapping[str, Any]) -> str:
    base = url.text.partition("?")[0]
    facts = {"rev": _revision(told), "dir": url.dir, "narHash": told["nar_hash"]}
    return base + "?" + "&".join(f"{name}={value}" for name, value in facts.items() if value)


def _host_changes(source: str, had: set[str], names: Sequence[str]) -> tuple[str, ...]:
    now = {f"{source}/{name}" for name in names}
    fresh = sorted(host.partition("/")[2] for host in now - had)
    gone = sorted(host.partition("/")[2] for host in had - now)
    return (
        *(f"Host {name} is new." for name in fresh),
        *(f"Host {name} is gone." for name in gone),
    )


def _summary(found: Fetched, hosts: int, *, fresh: bool) -> str:
    count = f"{hosts} host{'s' if hosts != 1 else ''}"
    revision = short(found.rev or found.nar_hash)
    return f"Revision {revision} with {count}." if fresh else f"Nothing new: still {revision}."


def _root(desk: Desk, source: SourceView, nar_hash: str) -> Path:
    return desk.source_roots(source.id) / tree_path(nar_hash).rpartition("/")[2][:32]


def _forget_old_roots(desk: Desk, source: SourceView, found: Fetched) -> None:
    keep_only(desk.source_roots(source.id), {_root(desk, source, found.nar_hash).name})


def _row(
    desk: Desk, source: SourceView, state: str, what: str, revision: int | None = None
) -> SourceStateRow:
    now = desk.now()
    every = 0 if source.schedule else source.interval_seconds
    following = next_check(now, every, chance())
    return SourceStateRow(source.id, state, what, now, following, revision)


def _stands(
    desk: Desk, source: SourceView, state: str, what: str, revision: int | None = None
) -> None:
    with transaction(desk.database):
        build_facts.source_stands(desk.database, _row(desk, source, state, what, revision))

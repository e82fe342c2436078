"""Sources: the flakes the owner named, how far each is trusted, and their keys."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from sqlmodel import Session

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act, permit
from appliance.actions.refusals import Unknown, problem
from appliance.actions.source_choices import (
    NAME_LONGEST,
    Choices,
    crowded,
    named_wrong,
    reached,
    wrong,
)
from appliance.errors import Problem, Refused
from appliance.events import SourceActed
from appliance.model import look_times
from appliance.model.host_keys import NotAHostKey, host_keys
from appliance.model.source_options import server_name
from appliance.model.source_url import NotASource, SourceUrl, parse
from appliance.model.trust import MINE, treatment
from appliance.store import inventory
from appliance.store.tables import AllowedDirectory, Source

CREDENTIALS = "sources"  # folders below STATE/secrets/web
CACHE_PASSWORDS = "caches"
WEBHOOKS = "webhooks"
CREDENTIAL_KINDS = ("token", "ssh-key", "none")
SWEEP_SECONDS = 86400.0
KEY_MODE = 0o640  # the broker hands it to `fetch`; nobody else reads it

_ARMOUR = re.compile(
    r"-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----\n[A-Za-z0-9+/=\n:,. -]+-----END (?P=kind)-----\n"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A token or deploy key of a source; `kind` is "" when there is none."""

    kind: str = ""
    user: str = ""
    hosts: tuple[str, ...] = ()
    known_hosts: str = ""
    secret: str = field(default="", repr=False)


def add_source(
    desk: Desk,
    actor: Actor,
    url: str,
    *,
    name: str = "",
    trust: str = MINE,
    as_built: bool = False,
    allow_ifd: bool = False,
    interval_seconds: int = 3600,
    only_builders: bool = False,
    reach: Sequence[str] = (),
) -> Done:
    """Add a flake; `build` begins to look at it at once.  `interval_seconds` 0: only when asked."""
    with act(desk, actor, "add_source") as doing:
        choices = Choices(trust, allow_ifd, only_builders, interval_seconds)
        places, unreachable = reached(desk, reach)
        problems = [*wrong(choices), *named_wrong(name), *unreachable]
        read = _read_url(desk, url, problems)
        problems += crowded(desk, "", read.text, places) if read else []
        if read is not None and inventory.source_of_url(doing.session, actor.account, read.text):
            problems.append(problem("This source is there already. Refresh it instead.", "url"))
        if name and inventory.named(doing.session, Source, name.strip()):
            problems.append(problem(f"Another source is named {name.strip()}.", "name"))
        if problems or read is None:
            raise Refused(*problems)
        row = Source(
            id=desk.new_id(),
            account=actor.account,
            origin=ORIGIN,
            name=name.strip() or _free_name(doing.session, read.suggested_name()),
            url=read.text,
            trust=trust,
            as_built=as_built,
            allow_ifd=allow_ifd,
            interval_seconds=interval_seconds,
            only_builders=only_builders,
            reach=json.dumps(places),
            created_at=desk.now(),
        )
        doing.insert(row)
        return doing.tell(row.id, f"{row.name} is added. Nixie is looking at it now.", SourceActed)


def edit_source(
    desk: Desk,
    actor: Actor,
    source: str,
    *,
    name: str | None = None,
    trust: str | None = None,
    as_built: bool | None = None,
    allow_ifd: bool | None = None,
    interval_seconds: int | None = None,
    only_builders: bool | None = None,
    reach: Sequence[str] | None = None,
    schedule: str | None = None,
) -> Done:
    """Change how a source is treated; None leaves a setting as it is.

    `schedule` are days and times (model/look_times.py) that take the place of the interval; "" is
    none.
    """
    with act(desk, actor, "edit_source") as doing:
        row = _source(doing.session, source)
        places, problems = reached(desk, reach or ())
        problems += wrong(
            Choices(
                trust or row.trust,
                row.allow_ifd if allow_ifd is None else allow_ifd,
                row.only_builders if only_builders is None else only_builders,
                interval_seconds or 0,
            )
        )
        problems += crowded(desk, row.id, row.url, places) if reach else []
        schedule = _times(schedule, problems)
        if name is not None:
            problems += named_wrong(name, needed=True)
            other = inventory.named(doing.session, Source, name.strip())
            if other is not None and other.id != row.id:
                problems.append(problem(f"Another source is named {name.strip()}.", "name"))
        if problems:
            raise Refused(*problems)
        asked = {
            "name": name.strip() if name is not None else None,
            "trust": trust,
            "as_built": as_built,
            "allow_ifd": allow_ifd,
            "interval_seconds": interval_seconds,
            "only_builders": only_builders,
            "reach": None if reach is None else json.dumps(places),
            "schedule": schedule,
        }
        changed = doing.change(row, **{key: to for key, to in asked.items() if to is not None})
        what = f"{row.name} is changed." if changed else f"{row.name} was like that already."
        return doing.tell(row.id, what, SourceActed)


def remove_source(desk: Desk, actor: Actor, source: str) -> Done:
    """Take a source away; its images go when nothing boots them any more."""
    with act(desk, actor, "remove_source") as doing:
        row = _source(doing.session, source)
        doing.change(row, removed_at=desk.now())
        return doing.tell(row.id, f"{row.name} is removed.", SourceActed)


def refresh_source(desk: Desk, actor: Actor, source: str) -> Done:
    """Ask `build` to look at the source again; the answer is an event with the wish's id."""
    with act(desk, actor, "refresh_source") as doing:
        row = _source(doing.session, source)
        doing.wish(desk.new_id(), "build", "refresh", source=row.id)
        return doing.tell(row.id, f"Nixie is looking at {row.name} again.", SourceActed)


def set_source_credential(
    desk: Desk,
    actor: Actor,
    source: str,
    *,
    kind: str,
    secret: str = "",
    user: str | None = None,
    hosts: Sequence[str] | None = None,
    known_hosts: str | None = None,
) -> Done:
    """Keep a token or deploy key for a source, valid at its own server and at `hosts`.

    `known_hosts` are the lines by which ssh knows those servers.  An empty `secret`, and None for
    the rest, leaves what is kept of that kind.  The file is JSON below STATE/secrets/web/sources; a
    new secret gets a new file, so that undo finds the old one.  `sweep_credentials` removes what no
    source uses any more.
    """
    with act(desk, actor, "set_source_credential", scope="admin") as doing:
        row = _source(doing.session, source)
        if kind != "none" and not treatment(row.trust).keys:
            what = (
                "A stranger's source is read without any key: its inputs could read with it what "
                "you may read. Say that the source is yours if you trust it that far."
            )
            raise Refused(problem(what, "kind"))
        if row.files:
            raise Refused(problem("A host from files has no address that asks for a key.", "kind"))
        if kind == "none":
            doing.change(row, credential=None)
            return doing.tell(row.id, f"{row.name} is asked without any key.", SourceActed)
        kept = _kept(desk, row.credential)
        kept = kept if kept.kind == kind else Kept()
        secret = secret if secret.strip() else kept.secret
        user = kept.user if user is None else user
        servers, problems = _servers(kept.hosts if hosts is None else hosts)
        keys = kept.known_hosts if known_hosts is None else known_hosts
        lines, wrong = _host_keys(kind, keys)
        problems += [*wrong, *_secret_problems(kind, secret, user)]
        if problems:
            raise Refused(*problems)
        own = parse(row.url, desk.reads.allowed_directories()).host
        text = secret.replace("\r\n", "\n").strip() + ("\n" if kind == "ssh-key" else "")
        content = {
            "kind": kind,
            "user": user.strip(),
            "secret": text,
            "hosts": sorted({own, *servers} - {""}),
            "known_hosts": "".join(f"{line}\n" for line in lines),
        }
        name = desk.new_id()
        desk.secrets.write(f"{CREDENTIALS}/{name}", json.dumps(content).encode(), mode=KEY_MODE)
        doing.change(row, credential=name)
        said = "token" if kind == "token" else "deploy key"
        return doing.tell(row.id, f"{row.name} has its {said}.", SourceActed)


def kept_credential(desk: Desk, credential: str | None) -> Kept:
    """What may be shown of a source's token or deploy key: not the secret itself."""
    return replace(_kept(desk, credential), secret="")


def sweep_credentials(desk: Desk) -> None:
    """Forget keys and passwords that nothing uses, and no undo of the last day would bring back."""
    used = inventory.credentials(desk.inventory, desk.now() - SWEEP_SECONDS)
    for folder in (CREDENTIALS, CACHE_PASSWORDS, WEBHOOKS):
        for name in desk.secrets.names(folder):
            if name not in used:
                desk.secrets.remove(f"{folder}/{name}")


def allow_directory(desk: Desk, actor: Actor, path: str) -> Done:
    """Let sources lie in a directory of this machine, and below it."""
    with act(desk, actor, "allow_directory", scope="admin") as doing:
        plain = PurePosixPath(path.strip())
        if not plain.is_absolute() or ".." in plain.parts or not str(plain).isprintable():
            raise Refused(
                problem("A directory is named from the top, such as /srv/flakes.", "path")
            )
        if len(plain.parts) < 2:
            raise Refused(problem("The whole machine is too much. Name the directory.", "path"))
        if doing.session.get(AllowedDirectory, str(plain)) is not None:
            raise Refused(problem(f"{plain} is allowed already.", "path"))
        row = AllowedDirectory(path=str(plain), account=actor.account, origin=ORIGIN)
        doing.insert(row)
        return doing.tell(row.path, f"Sources may lie below {row.path}.", SourceActed)


def forbid_directory(desk: Desk, actor: Actor, path: str) -> Done:
    """Take the permission back; sources below it are no longer read."""
    with act(desk, actor, "forbid_directory", scope="admin") as doing:
        row = doing.session.get(AllowedDirectory, path)
        if row is None:
            raise Unknown(problem(f"{path!r} was not allowed, so nothing is read there.", "path"))
        doing.delete(row)
        return doing.tell(path, f"Sources below {path} are no longer read.", SourceActed)


def check_url(desk: Desk, actor: Actor, url: str) -> SourceUrl:
    """Read an address without adding it.  Raises Refused beside "url"."""
    permit(desk, actor, "read", "check_url")
    problems: list[Problem] = []
    read = _read_url(desk, url, problems)
    if read is None:
        raise Refused(*problems)
    return read


def _read_url(desk: Desk, url: str, problems: list[Problem]) -> SourceUrl | None:
    try:
        return parse(url.strip(), desk.reads.allowed_directories())
    except NotASource as wrong:
        problems.append(problem(wrong.what, "url"))
        return None


def _source(session: Session, ident: str) -> Source:
    row = inventory.source(session, ident)
    if row is None:
        raise Unknown(problem("There is no such source, or it was removed. Look at the list."))
    return row


def _times(schedule: str | None, problems: list[Problem]) -> str | None:
    """Days and times as they are stored."""
    if schedule is None or not schedule.strip():
        return schedule and ""
    try:
        return str(look_times.read(schedule))
    except ValueError as wrong:
        problems.append(problem(str(wrong), "schedule"))
        return None


def _free_name(session: Session, wanted: str) -> str:
    name, number = wanted[:NAME_LONGEST], 1
    while inventory.named(session, Source, name):
        number += 1
        name = f"{wanted[:NAME_LONGEST]} {number}"
    return name


def _servers(hosts: Sequence[str]) -> tuple[list[str], list[Problem]]:
    servers, problems = [], []
    for place, host in enumerate(hosts):
        try:
            servers.append(server_name(host.strip()))
        except NotASource as wrong:
            problems.append(problem(wrong.what, "hosts", place))
    return servers, problems


def _host_keys(kind: str, text: str) -> tuple[tuple[str, ...], list[Problem]]:
    try:
        lines = host_keys(text)
    except NotAHostKey as wrong:
        return (), [problem(wrong.what, "known_hosts")]
    if lines and kind == "token":
        return (), [problem("Host keys go with a deploy key (SSH), not a token.", "known_hosts")]
    return lines, []


def _kept(desk: Desk, credential: str | None) -> Kept:
    """What is kept in that file; nothing when there is none."""
    content = desk.secrets.read(f"{CREDENTIALS}/{credential}") if credential else None
    if content is None:
        return Kept()
    told = json.loads(content)
    keys = told.get("known_hosts", "")
    return Kept(told["kind"], told["user"], tuple(told["hosts"]), keys, told["secret"])


def _secret_problems(kind: str, secret: str, user: str) -> list[Problem]:
    if kind not in CREDENTIAL_KINDS:
        return [problem(f"A credential is one of {', '.join(CREDENTIAL_KINDS)}.", "kind")]
    if user and not re.fullmatch(r"[A-Za-z0-9._@+-]{1,64}", user.strip()):
        return [problem("The user name has characters that no server takes.", "user")]
    if kind == "token":
        good = re.fullmatch(r"[\x21-\x7e]{4,4096}", secret.strip())
        return [] if good else [problem("A token is one word without white space.", "secret")]
    text = secret.replace("\r\n", "\n").strip() + "\n"
    if not _ARMOUR.fullmatch(text):
        return [
            problem(
                "This is not a private key. Paste the whole file, from -----BEGIN to -----END.",
                "secret",
            )
        ]
    if _locked(text):
        return [
            problem(
                "This key is locked with a passphrase, and nobody is there to type it. Make one "
                "without: ssh-keygen -t ed25519 -N ''.",
                "secret",
            )
        ]
    return []


def _locked(armoured: str) -> bool:
    """Whether a private key needs a passphrase (openssh's PROTOCOL.key: the cipher's name)."""
    if "ENCRYPTED" in armoured:
        return True
    if "OPENSSH" not in armoured:
        return False
    try:
        body = base64.b64decode("".join(armoured.split("\n")[1:-2]))
    except binascii.Error:
        return False
    return b"none" not in body[15:24]

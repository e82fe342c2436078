"""The nix calls that the broker makes for the build role, as argv and environment, by verb.

`verbs` are what the build role may ask the broker to run as `fetch` (network, one credential) and
as `eval` (no network, empty home).  Each verb takes nothing on trust: every field is checked and
the expression is put together again from the checked values.
"""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from appliance.errors import Problem, Refused
from appliance.model.builders import MAY_NAME
from appliance.model.installed import Installed
from appliance.model.names import HOST_NAME
from appliance.model.source_url import NotASource, SourceUrl, parse
from appliance.model.trust import treatment
from services.nix import expression
from services.nix.calls import NOTHING_BUILT, options_of
from services.nix.credential import FILE_NAME, Credential, Material, material, read
from services.nix.expression import Value
from services.nix.fetch_job import fetch_job, fetcher, forget_job
from services.nix.files.request import file
from services.nix.lock import FETCHED, KEPT, host_of
from services.nix.store import Store
from services.nix.store_path import NAR_HASH, is_store_path
from services.processes.privileges import Job, Limits

Args = Mapping[str, object]
Verb = Callable[[Args, Installed], Job]
Secret = Callable[[str], str]
"""Reads the stored credential of that file name; the broker's, which may."""
Real = Callable[[str], str]
"""Where a path leads to once all links are followed."""

GIBIBYTE = 1 << 30
LOOK = Limits(memory_bytes=4 * GIBIBYTE, cpu_seconds=300, seconds=300.0, output_bytes=16 << 20)
SMALLEST_LOOK = GIBIBYTE // 2
LARGEST_LOOK = 64 * GIBIBYTE

ALLOWED = " ".join(MAY_NAME)
"""What evaluation may name: its inputs, which are in the store already.  There is no network to
reach anything else by these; files of this machine are not among them."""


def verbs(store: Store, secret: Secret, real: Real) -> Mapping[str, Verb]:
    """The verbs by name, for the broker.  `secret` raises Refused when there is no such file."""
    return {
        "adapter": lambda _, installed: _adapter(store, installed),
        "resolve": lambda args, _: _resolve(args, store, secret, real),
        "input": lambda args, _: _input(args, store, secret),
        "names": lambda args, _: _names(args, store),
        "look": lambda args, _: _look(args, store),
        "file": lambda args, _: file(args, store),
        "forget": lambda args, _: forget_job(store, fetcher(args.get("as"))),
    }


def _adapter(store: Store, installed: Installed) -> Job:
    place = installed.program / "services/nix/adapter"
    told = expression.fetched_input({"type": "path", "path": str(place)})
    return Job(
        user="eval",
        argv=_evaluate(store, told, "--impure"),
        env=store.environment("/tmp"),
        limits=LOOK,
        hidden=_hidden(store),
        readable=(*_readable(store), str(place)),
    )


def _resolve(args: Args, store: Store, secret: Secret, real: Real) -> Job:
    url = _url(args, real)
    credential = _credential(args, secret)
    told = expression.fetched_source(url.attributes(), url.dir)
    local = (url.directory,) if url.local else ()
    shown = material(url.kind, url.host, url.location, credential)
    return _fetch(store, told, args, shown, credential, local)


def _input(args: Args, store: Store, secret: Secret) -> Job:
    locked = _locked(args.get("locked"))
    credential = _credential(args, secret)
    told = expression.fetched_input(locked)
    location = str(locked.get("url", ""))
    shown = material(str(locked["type"]), host_of(locked), location, credential)
    return _fetch(store, told, args, shown, credential)


def _names(args: Args, store: Store) -> Job:
    return _evaluation(args, store, names_expression(args))


def names_expression(args: Args) -> str:
    """The question which hosts a flake has.  Raises Refused."""
    return expression.host_names(_flake(args))


def _look(args: Args, store: Store) -> Job:
    return _evaluation(args, store, look_expression(args))


def look_expression(args: Args) -> str:
    """The question what a host is.  Raises Refused."""
    host = _text(args, "host")
    if not HOST_NAME.fullmatch(host):
        raise _refused("host", f"{host!r} is not a host's name that Nixie takes.")
    return expression.host_facts(
        _flake(args),
        _path(args, "adapter"),
        _hash(args, "adapter_hash"),
        host,
        as_built=_yes(args, "as_built"),
    )


def _evaluation(args: Args, store: Store, told: str) -> Job:
    memory = args.get("memory", LOOK.memory_bytes)
    if not isinstance(memory, int) or not SMALLEST_LOOK <= memory <= LARGEST_LOOK:
        raise _refused("memory", "The memory for an evaluation is 0.5 to 64 GiB.")
    seconds = args.get("seconds", LOOK.seconds)
    if not isinstance(seconds, (int, float)) or not 1 <= seconds <= 3_600:
        raise _refused("seconds", "The time for an evaluation is 1 to 3600 s.")
    builds = _builds(args)
    options = {
        "restrict-eval": "true",
        "allowed-uris": ALLOWED,
        "allow-import-from-derivation": "true" if builds else "false",
        "eval-cache": "false",
        "substitute": "true" if builds else "false",
        **({} if builds else NOTHING_BUILT),
    }
    return Job(
        user="eval",
        argv=_evaluate(store, told, "--show-trace", *options_of(options)),
        env=store.environment("/tmp"),
        limits=Limits(
            memory_bytes=memory,
            cpu_seconds=int(seconds),
            seconds=float(seconds),
            output_bytes=LOOK.output_bytes,
        ),
        hidden=_hidden(store),
        readable=_readable(store),
    )


def _builds(args: Args) -> bool:
    """Whether an evaluation may build (import from derivation), here, on this router."""
    if not _yes(args, "ifd"):
        return False
    if not treatment(_text(args, "trust")).building_looks or _yes(args, "only_builders"):
        raise _refused("ifd", "Nothing of this source is built on this router by a look at it.")
    return True


def _fetch(
    store: Store,
    told: str,
    args: Args,
    shown: Material,
    credential: Credential | None,
    local: tuple[str, ...] = (),
) -> Job:
    options = {"connect-timeout": "10", "download-attempts": "2", "substitute": "false"}
    argv = _evaluate(store, told, "--impure", "--refresh", *options_of(options))
    view = (_hidden(store), (*_readable(store), *local))
    return fetch_job(store, fetcher(args.get("as", "fetch")), argv, shown, credential, view)


def _evaluate(store: Store, told: str, *options: str) -> tuple[str, ...]:
    return (
        *(str(store.nix), "eval", "--json", "--log-format", "internal-json"),
        *(*options, "--expr", told),
    )


def _hidden(store: Store) -> tuple[str, ...]:
    return (str(store.conf.parent),)


def _readable(store: Store) -> tuple[str, ...]:
    places = (store.conf, store.socket.parent, store.root)
    return tuple(str(place) for place in places if place != Path("/"))


def _flake(args: Args) -> str:
    below = _text(args, "dir")
    modified = args.get("last_modified", 0)
    if not isinstance(modified, int) or isinstance(modified, bool) or modified < 0:
        raise _refused("last_modified", "A time is a number of seconds.")
    if below.startswith("/") or ".." in below.split("/"):
        raise _refused("dir", f"{below!r} is not a directory inside the source.")
    return expression.locked_flake(
        _path(args, "path"), _hash(args, "nar_hash"), _text(args, "rev"), modified, below
    )


def _url(args: Args, real: Real) -> SourceUrl:
    """The address; a local one by the path that its links lead to, below an allowed directory."""
    allowed = args.get("allowed", [])
    if not isinstance(allowed, list) or not all(isinstance(one, str) for one in allowed):
        raise _refused("allowed", "Directories are a list of texts.")
    try:
        url = parse(_text(args, "url"), allowed)
    except NotASource as wrong:
        raise _refused("url", wrong.what) from wrong
    if not url.local:
        return url
    place = PurePosixPath(real(url.directory))
    if any(place.is_relative_to(real(one)) for one in allowed):
        return url.at(str(place))
    raise _refused(
        "url",
        f"{url.directory} leads to {place}, which is not below a directory that you allowed. "
        "Allow that one under Sources, Local directories, or put the flake itself where the link "
        "is.",
    )


def _locked(given: object) -> dict[str, Value]:
    if not isinstance(given, dict) or given.get("type") not in FETCHED:
        raise _refused("locked", "This is not a locked input that can be fetched.")
    kept = {
        str(name): value
        for name, value in given.items()
        if name in KEPT and isinstance(value, (str, int, bool))
    }
    if not NAR_HASH.fullmatch(str(kept.get("narHash", ""))) or not host_of(kept):
        raise _refused("locked", "A locked input needs a host and a NAR hash.")
    return kept


def _credential(args: Args, secret: Secret) -> Credential | None:
    name = args.get("credential")
    if name is None:
        return None
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise _refused("credential", "This is not the name of a stored credential.")
    return read(secret(name))


def _path(args: Args, field: str) -> str:
    found = _text(args, field)
    if not is_store_path(found):
        raise _refused(field, f"{found!r} is not a store path.")
    return found


def _hash(args: Args, field: str) -> str:
    found = _text(args, field)
    if not NAR_HASH.fullmatch(found):
        raise _refused(field, f"{found!r} is not a NAR hash.")
    return found


def _text(args: Args, field: str) -> str:
    found = args.get(field, "")
    if not isinstance(found, str) or len(found) > 4_096:
        raise _refused(field, f"{field} is not a text.")
    return found


def _yes(args: Args, field: str) -> bool:
    return args.get(field) is True


def _refused(field: str, what: str) -> Refused:
    return Refused(Problem((field,), what))

"""What the build role may ask the broker to do with caches: verbs.

A cache comes as fields, each is checked as in `appliance.model.caches`.  The password is read by
the broker and goes to the job by standard input; it is given only for the address that it was kept
for.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from appliance.errors import Problem, Refused
from appliance.model.caches import PASSWORD, USER, Asked, Said, checked
from appliance.model.installed import Installed
from services.nix.credential import FILE_NAME
from services.nix.fetch_job import KEEP_SECRET
from services.nix.narinfo import HASH_PART_ONLY
from services.nix.request import Args, Secret
from services.nix.store import Store
from services.nix.store_path import STORE, is_store_path
from services.nix.supply.verdict import INFO, MOST_NAMES
from services.processes.privileges import Deed, Job, Limits

MOST_PATHS = 2_000
LOOK_SECONDS = 90.0
BRING_SECONDS = 7_200.0
MEMORY_BYTES = 1 << 30
LOG_BYTES = 64 << 20

Verb = Callable[[Args, Installed], Job | Deed]
Keep = Callable[[Sequence[Asked]], None]
"""Keeps what our daemon is told, and has it start again."""


def verbs(store: Store, secret: Secret, keep: Keep) -> Mapping[str, Verb]:
    """The verbs by name.  `secret` reads a kept password by the name of its file."""
    return {
        "caches": lambda args, _: _caches(args, keep),
        "cache-look": lambda args, installed: _look(args, installed, store, secret),
        "cache-bring": lambda args, _: _bring(args, store, secret),
    }


def _caches(args: Args, keep: Keep) -> Deed:
    given = args.get("caches")
    if not isinstance(given, list):
        raise _refused("caches", "Caches are a list.")
    asked = [Asked(*_cache(one), private=one.get("private") is True) for one in given]
    return Deed(lambda: keep(asked))


def _look(args: Args, installed: Installed, store: Store, secret: Secret) -> Job:
    url, keys = _cache(args)
    names = args.get("names")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_NAMES:
        raise _refused("names", f"A cache is asked for 1 to {MOST_NAMES} things.")
    if strange := [one for one in names if one != INFO and not _is_hash(one)]:
        raise _refused("names", f"{strange[0]!r} is not the hash of a store path.")
    user, password = _password(args, url, secret)
    asked = {
        "url": url,
        "keys": keys,
        "user": user,
        "password": password,
        "names": names,
        "first": args.get("first") is True,
    }
    return Job(
        user="remote",
        argv=(str(installed.python), "-m", "services.nix.supply"),
        env={"PYTHONPATH": str(installed.program), "PYTHONDONTWRITEBYTECODE": "1"},
        network=True,
        limits=Limits(seconds=LOOK_SECONDS, cpu_seconds=60, memory_bytes=MEMORY_BYTES),
        hidden=(str(store.conf.parent),),
        readable=(str(installed.program),),
        stdin=json.dumps(asked).encode(),
    )


def _bring(args: Args, store: Store, secret: Secret) -> Job:
    """Copy paths with all that they refer to; our daemon takes what is signed with a key that it
    was told, and nothing else."""
    url, _ = _cache(args)
    paths = args.get("paths")
    if not isinstance(paths, list) or not 1 <= len(paths) <= MOST_PATHS:
        raise _refused("paths", f"1 to {MOST_PATHS} store paths are brought at once.")
    if strange := [one for one in paths if not isinstance(one, str) or not is_store_path(one)]:
        raise _refused("paths", f"{strange[0]!r} is not a path below {STORE}.")
    user, password = _password(args, url, secret)
    own = {
        "NIX_CONF_DIR": "/tmp/none",
        "NIX_CONFIG": "experimental-features = nix-command\nconnect-timeout = 5\n"
        "stalled-download-timeout = 30",
    }
    return Job(
        user="remote",
        argv=(
            *("/bin/sh", "-c", KEEP_SECRET, "nixie", "netrc"),
            *(str(store.nix), "copy", "--from", url, "--substitute-on-destination"),
            *("--log-format", "internal-json", "-v", *paths),
        ),
        env={**store.environment("/tmp"), **own},
        network=True,
        limits=Limits(
            seconds=BRING_SECONDS,
            cpu_seconds=int(BRING_SECONDS),
            memory_bytes=MEMORY_BYTES,
            output_bytes=LOG_BYTES,
        ),
        hidden=(str(store.conf.parent),),
        readable=tuple(str(one) for one in (store.socket.parent, store.root) if str(one) != "/"),
        stdin=f"machine {_host(url)} login {user} password {password}\n".encode(),
    )


def _cache(given: object) -> tuple[str, tuple[str, ...]]:
    """Address and keys, made again out of the fields.  Raises Refused."""
    if not isinstance(given, Mapping):
        raise _refused("caches", "A cache is an address with keys.")
    url, keys = given.get("url"), given.get("keys")
    if not isinstance(url, str) or not isinstance(keys, list):
        raise _refused("caches", "A cache is an address with keys.")
    told = checked(Said(url, " ".join(str(one) for one in keys)))
    return told.url, tuple(told.keys.split())


def _password(args: Args, url: str, secret: Secret) -> tuple[str, str]:
    """User and password, both "" for a cache that gives to everybody."""
    name = args.get("credential")
    if name is None:
        return "", ""
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise _refused("credential", "This is not the name of a kept password.")
    try:
        kept = json.loads(secret(name))
        user, password, where = (str(kept[one]) for one in ("user", "password", "url"))
    except (ValueError, TypeError, KeyError):
        raise _refused("password", "The password cannot be read: write it again.") from None
    if where != url or not USER.fullmatch(user) or not PASSWORD.fullmatch(password):
        raise _refused("password", "The password is for another cache: write it again.")
    return user, password


def _host(url: str) -> str:
    """As netrc names it."""
    server = url.partition("://")[2].partition("/")[0]
    return server[1:].partition("]")[0] if server.startswith("[") else server.partition(":")[0]


def _is_hash(told: object) -> bool:
    return isinstance(told, str) and HASH_PART_ONLY.fullmatch(told) is not None


def _refused(field: str, what: str) -> Refused:
    return Refused(Problem((field,), what))

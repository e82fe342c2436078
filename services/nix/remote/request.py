"""What the build role may ask the broker to do with a builder: verbs, as the user `remote`.

A builder comes as fields, each is checked as in `appliance.model.builders`, and ssh gets them as
options of its own: the URL is always the same, so nothing of an owner's words is ever part of one.
ssh-ng of Nix 2.26 and newer here, 2.8 and newer there; never `max-connections`, which hangs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from appliance.errors import Problem, Refused
from appliance.model.builders import (
    FEATURE,
    SYSTEMS,
    Builder,
    Said,
    checked,
    checked_key,
)
from appliance.model.installed import Installed
from services.nix.credential import FILE_NAME
from services.nix.fetch_job import KEEP_SECRET
from services.nix.path_sizes import MOST_BYTES, asked
from services.nix.remote.machines import QUIET
from services.nix.request import Args, Secret
from services.nix.store import Store
from services.nix.store_path import STORE, is_derivation, is_store_path
from services.processes.privileges import Deed, Job, Limits

ALIAS = "nixie-builder"
"""What every builder is called in URLs and in known_hosts."""
URL = f"ssh-ng://{ALIAS}"
KINDS = "ed25519,ecdsa,rsa"
SHORT_SECONDS = 60.0
CLOSURE_SECONDS = 120.0  # a question and its answer for each path
BRING_SECONDS = 7_200.0
LONGEST_SECONDS = 7 * 86_400.0
LOG_BYTES = 1 << 40  # a log is cut where it is written
MEMORY_BYTES = 1 << 30

PAIR = """\
umask 077
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
ssh-keygen -q -t ed25519 -N '' -C nixie-router -f "$place/key" || exit 1
cat "$place/key" "$place/key.pub"
"""
"""Makes a key pair and prints both halves."""

SCAN = 'exec ssh-keyscan "$@"'
TALK = """\
known=${NIXIE_SECRET%/*}/known_hosts
printf '%s\\n' "$NIXIE_HOST_KEY" > "$known"
export NIX_SSHOPTS="$NIXIE_SSH -o IdentityFile=$NIXIE_SECRET -o UserKnownHostsFile=$known"
"$@"
"""
"""Gives nix's ssh the key that `KEEP_SECRET` kept, and the one host key that it accepts."""

BRING = """\
nix=$1; store=$2; place=$3; shift 3
rm -rf "$place"/* && mkdir "$place/in" || exit 1
trap 'rm -rf "$place"/*' EXIT
for path; do
  name=${path##*/}; name=${name#*-}
  "$nix" store dump-path --store "$store" "$path" |
    "$nix-store" --restore "$place/in/$name" || exit 1
  "$nix-store" --add "$place/in/$name" || exit 1
  rm -rf "$place/in/$name"
done
"""
"""Takes store paths out of a builder's store and adds them to ours, by their content."""


Verb = Callable[[Args, Installed], Job | Deed]
Share = Callable[[Sequence[Builder], Mapping[str, str]], None]
"""Keeps which builders our daemon shares its builds with, and the router's keys for them, by id."""


def verbs(store: Store, key: Secret, share: Share) -> Mapping[str, Verb]:
    """The verbs by name.  `key` reads the router's private key for a builder, by its id."""
    return {
        "builders-share": lambda args, _: _share(args, key, share),
        "builder-pair": lambda _args, _installed: _pair(),
        "builder-scan": lambda args, _: _scan(args),
        "builder-ask": lambda args, _: _ask(args, store, key),
        "builder-try": lambda args, _: _try(args, store, key),
        "builder-build": lambda args, _: _build(args, store, key),
        "builder-weigh": lambda args, _: _weigh(args, store, key),
        "builder-closure": lambda args, _: _closure(args, store, key),
        "builder-bring": lambda args, _: _bring(args, store, key),
    }


def small(system: str, nonce: str, feature: str = "") -> str:
    """An expression of the smallest derivation, which requires `feature` if that is one; `nonce`
    makes it one that nobody has built."""
    told = 'args = [ "-c" "echo it builds > $out" ]; builder = "/bin/sh";'
    told += f' requiredSystemFeatures = [ "{feature}" ];' if feature else ""
    return f'derivation {{ name = "nixie-trial-{nonce}"; system = "{system}"; {told} }}'


def _pair() -> Job:
    return Job(
        user="remote",
        argv=("/bin/sh", "-c", PAIR),
        limits=Limits(seconds=SHORT_SECONDS),
    )


def _scan(args: Args) -> Job:
    there = _address(args)
    return Job(
        user="remote",
        argv=(*_shell(SCAN), "-T", "10", "-p", str(there.port), "-t", KINDS, there.host),
        network=True,
        limits=Limits(seconds=SHORT_SECONDS),
    )


def _ask(args: Args, store: Store, key: Secret) -> Job:
    argv = (str(store.nix), "store", "info", "--json", "--store", URL)
    return talk(args, store, key, argv, SHORT_SECONDS)


def _try(args: Args, store: Store, key: Secret) -> Job:
    system, nonce = args.get("system"), args.get("nonce")
    if system not in SYSTEMS:
        raise _refused("system", f"{system!r} is no system.")
    if not isinstance(nonce, str) or not nonce.isalnum() or len(nonce) > 64:
        raise _refused("nonce", "A nonce is letters and digits.")
    feature = args.get("feature", "")
    if not isinstance(feature, str) or (feature and not FEATURE.fullmatch(feature)):
        raise _refused("feature", f"{feature!r} is no feature.")
    argv = (*_building(store), "--impure", "--expr", small(str(system), nonce, feature))
    return talk(args, store, key, argv, SHORT_SECONDS)


def _build(args: Args, store: Store, key: Secret) -> Job:
    drvs = store_paths(args, "drvs")
    if not all(map(is_derivation, drvs)):
        raise _refused("drvs", "What is built are derivations.")
    seconds = args.get("seconds")
    if not isinstance(seconds, (int, float)) or not 1 <= seconds <= LONGEST_SECONDS:
        raise _refused("seconds", "A build may take up to a week.")
    told = ("--log-format", "internal-json", "-v")
    argv = (*_building(store), *told, *(f"{drv}^*" for drv in drvs))
    return talk(args, store, key, argv, float(seconds))


def _weigh(args: Args, store: Store, key: Secret) -> Job:
    argv = (str(store.nix), "path-info", "--json", "--store", URL, *store_paths(args, "paths"))
    return talk(args, store, key, argv, SHORT_SECONDS)


def _closure(args: Args, store: Store, key: Secret) -> Job:
    argv = (str(store.nix), *asked(*store_paths(args, "paths")), "--store", URL)
    made = talk(args, store, key, argv, CLOSURE_SECONDS)
    return replace(made, limits=replace(made.limits, output_bytes=MOST_BYTES))


def _bring(args: Args, store: Store, key: Secret) -> Job:
    place = str(store.arrivals)
    argv = (
        "/bin/sh",
        "-c",
        BRING,
        "nixie",
        str(store.nix),
        URL,
        place,
        *store_paths(args, "paths"),
    )
    return talk(args, store, key, argv, BRING_SECONDS, (place,))


def _share(args: Args, key: Secret, share: Share) -> Deed:
    given = args.get("builders")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise _refused("builders", "Builders are a list.")
    told = [_machine(one) for one in given]
    return Deed(lambda: share(told, {one.id: key(one.id) for one in told}))


def _machine(given: Args) -> Builder:
    """A builder, made again out of its fields.  Raises Refused."""
    there, name = _address(given), given.get("key")
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise _refused("key", "This is not the name of a stored key.")
    jobs, speed = given.get("jobs"), given.get("speed")
    if not isinstance(jobs, int) or not isinstance(speed, int):
        raise _refused("jobs", "Jobs and speed are numbers.")
    said = checked(
        replace(
            there,
            name="builder",
            systems=_words(given, "systems"),
            features=_words(given, "features"),
            jobs=jobs,
            speed=speed,
        )
    )
    return Builder(
        id=name,
        name=said.name,
        host=said.host,
        port=said.port,
        user=said.user,
        systems=said.systems,
        jobs=said.jobs,
        speed=said.speed,
        enabled=True,
        host_key=checked_key(str(given.get("host_key", ""))),
        features=said.features,
        shares=True,
    )


def _building(store: Store) -> tuple[str, ...]:
    return (str(store.nix), "build", "--no-link", "--eval-store", store.uri, "--store", URL)


def talk(
    args: Args,
    store: Store,
    key: Secret,
    argv: tuple[str, ...],
    seconds: float,
    writable: tuple[str, ...] = (),
) -> Job:
    """A job that speaks to the builder by ssh.

    Nix gets no settings of ours, and ssh-ng would send none along: what a builder builds at once,
    and with how many cores, is for its own nix.conf to say.
    """
    there, name = _address(args), args.get("key")
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise _refused("key", "This is not the name of a stored key.")
    own = {
        "NIX_CONF_DIR": "/tmp/none",
        "NIX_CONFIG": "experimental-features = nix-command",
        "NIXIE_SSH": " ".join(_ssh(there)),
        "NIXIE_HOST_KEY": f"{ALIAS} {checked_key(str(args.get('host_key', '')))}",
    }
    return Job(
        user="remote",
        argv=(*("/bin/sh", "-c", KEEP_SECRET, "nixie", "key"), *_shell(TALK), *argv),
        env={**store.environment("/tmp"), **own},
        network=True,
        limits=Limits(
            memory_bytes=MEMORY_BYTES,
            cpu_seconds=max(600, int(seconds)),
            seconds=seconds,
            output_bytes=LOG_BYTES,
        ),
        hidden=(str(store.conf.parent),),
        readable=tuple(str(one) for one in (store.socket.parent, store.root) if str(one) != "/"),
        writable=writable,
        stdin=key(name).encode(),
    )


def _ssh(there: Said) -> tuple[str, ...]:
    options = {
        **QUIET,
        "HostKeyAlias": ALIAS,
        "HostName": there.host,
        "Port": str(there.port),
        "User": there.user,
    }
    return ("-F", "none", *(f"-o{name}={value}" for name, value in options.items()))


def _shell(script: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script, "nixie")


def _address(args: Args) -> Said:
    """Where a builder is, made again out of its fields.  Raises Refused."""
    host, port, user = (args.get(name) for name in ("host", "port", "user"))
    if not isinstance(host, str) or not isinstance(port, int) or not isinstance(user, str):
        raise _refused("host", "A builder is a host, a port and a user.")
    return checked(Said(name="", host=host, port=port, user=user))


def _words(args: Args, field: str) -> tuple[str, ...]:
    given = args.get(field)
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _refused(field, "Systems and features are lists of words.")
    return tuple(given)


def store_paths(args: Args, field: str) -> tuple[str, ...]:
    given = args.get(field)
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise _refused(field, "Store paths are a list of texts.")
    if strange := [one for one in given if not is_store_path(one)]:
        raise _refused(field, f"{strange[0]!r} is not a path below {STORE}.")
    return tuple(given)


def _refused(field: str, what: str) -> Refused:
    return Refused(Problem((field,), what))

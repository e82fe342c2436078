"""What the build role may ask the broker to do with a builder that evaluates: verbs.

The questions are those of an evaluation here, put together again from the same checked values.  A
flake's trees go there and derivations come back, both under the paths that follow from their
content, so neither side has to trust the other.
"""

from collections.abc import Mapping
from dataclasses import replace

from appliance.errors import Problem, Refused
from appliance.model.builders import EVALUATE_SECONDS
from appliance.model.trust import treatment
from services.nix.remote.request import ALIAS, SHORT_SECONDS, URL, Verb, store_paths, talk
from services.nix.request import Args, Secret, look_expression, names_expression
from services.nix.store import Store
from services.nix.store_path import is_derivation
from services.processes.privileges import Job

COPY_SECONDS = 3_600.0
SMALL = "6 * 7"
"""What a trial asks."""
ASK = 'exec ssh $NIX_SSHOPTS "$@"'
"""As `TALK` leaves it: with the key, and the one host key that is accepted."""
OUTPUT_BYTES = 16 << 20


def verbs(store: Store, key: Secret) -> Mapping[str, Verb]:
    """The verbs by name.  `key` reads the router's private key for a builder, by its id."""
    return {
        "evaluator-try": lambda args, _: _ask(args, store, key, SMALL),
        "evaluator-names": lambda args, _: _ask(args, store, key, names_expression(_asked(args))),
        "evaluator-look": lambda args, _: _ask(args, store, key, look_expression(_asked(args))),
        "evaluator-send": lambda args, _: _copy(
            args, store, key, "--to", store_paths(args, "paths")
        ),
        "evaluator-home": lambda args, _: _copy(args, store, key, "--from", _derivations(args)),
    }


def _ask(args: Args, store: Store, key: Secret, told: str) -> Job:
    seconds = args.get("seconds", SHORT_SECONDS)
    if not isinstance(seconds, (int, float)) or not 1 <= seconds <= EVALUATE_SECONDS:
        raise _refused("seconds", "The time for an evaluation is 1 to 3600 s.")
    job = talk(
        _builder(args), store, key, ("/bin/sh", "-c", ASK, "nixie", ALIAS, told), float(seconds)
    )
    return replace(job, limits=replace(job.limits, output_bytes=OUTPUT_BYTES))


def _copy(args: Args, store: Store, key: Secret, way: str, paths: tuple[str, ...]) -> Job:
    argv = (str(store.nix), "copy", way, URL, *paths)
    return talk(_builder(args), store, key, argv, COPY_SECONDS)


def _builder(args: Args) -> Args:
    given = args.get("builder")
    if not isinstance(given, dict):
        raise _refused("builder", "Say which builder is asked.")
    return given


def _asked(args: Args) -> Args:
    given = args.get("asked")
    if not isinstance(given, dict):
        raise _refused("asked", "Say what is evaluated.")
    if not treatment(str(given.get("trust", ""))).elsewhere:
        raise _refused("trust", "A stranger's flake is evaluated here, without a network.")
    return given


def _derivations(args: Args) -> tuple[str, ...]:
    found = store_paths(args, "drvs")
    if not all(map(is_derivation, found)):
        raise _refused("drvs", "What comes home from an evaluation are derivations.")
    return found


def _refused(field: str, what: str) -> Refused:
    return Refused(Problem((field,), what))

"""The question what a store path refers to and how large that is, and reading the answer.

Law: the Nix manual, `nix path-info`: a line each, the path, blanks, the bytes of its archive; the
same from 2.8 on, of our store as of another's.
"""

from appliance.model.closures import Closure, problem_of
from services.nix.store_path import STORE

MOST_BYTES = 8 << 20  # of an answer


def asked(*paths: str) -> tuple[str, ...]:
    """The words behind `nix`."""
    feature = ("--extra-experimental-features", "nix-command")
    return ("path-info", "--recursive", "--size", *feature, *paths)


def read(answer: str) -> Closure:
    """Sizes by name; who answered may be anybody.  Raises ValueError."""
    found: dict[str, int] = {}
    for line in answer.splitlines():
        path, size = line.split()
        found[path.removeprefix(f"{STORE}/")] = int(size)
    if wrong := problem_of(found) or ("" if found else "nothing was said"):
        raise ValueError(wrong)
    return found

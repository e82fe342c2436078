"""What removing roots frees: paths that only they reach.

Store paths with their sizes and references in, bytes out; nothing of the garbage collector's own
rules about derivers, which are small.
"""

from collections.abc import Collection, Iterable, Mapping

from services.nix.narinfo import PathInfo


def reachable(roots: Iterable[str], infos: Mapping[str, PathInfo]) -> set[str]:
    """Everything that `roots` need, themselves included, as far as it is known."""
    found: set[str] = set()
    left = [path for path in roots if path in infos]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += (one for one in infos[path].references if one in infos and one not in found)
    return found


def freed(gone: Collection[str], kept: Collection[str], infos: Mapping[str, PathInfo]) -> int:
    """Bytes that only the roots `gone` keep, and none of `kept`."""
    stay = reachable(kept, infos)
    return sum(infos[path].nar_size for path in reachable(gone, infos) - stay)

"""What removing roots frees."""

from hypothesis import given
from hypothesis import strategies as some

from services.nix.narinfo import PathInfo
from services.nix.reach import freed, reachable

graphs = some.dictionaries(some.integers(0, 12), some.lists(some.integers(0, 15), max_size=4))


def infos(graph: dict[int, list[int]]) -> dict[str, PathInfo]:
    return {
        f"p{path}": PathInfo(f"p{path}", "h", 1 << path, tuple(f"p{one}" for one in below), "")
        for path, below in graph.items()
    }


@given(graphs, some.sets(some.integers(0, 12)))
def test_what_is_reached_is_closed(graph: dict[int, list[int]], roots: set[int]) -> None:
    known = infos(graph)
    found = reachable([f"p{one}" for one in roots], known)
    assert all(ref in found for path in found for ref in known[path].references if ref in known)
    assert reachable(found, known) == found


@given(graphs, some.sets(some.integers(0, 12)), some.sets(some.integers(0, 12)))
def test_what_is_kept_is_never_counted(
    graph: dict[int, list[int]], gone: set[int], kept: set[int]
) -> None:
    known = infos(graph)
    old, new = ({f"p{one}" for one in each} for each in (gone, kept))
    both = reachable(old | new, known)
    stay = reachable(new, known)
    assert freed(old, new, known) == sum(known[one].nar_size for one in both - stay)


def test_shared_paths_stay() -> None:
    known = infos({5: [1], 6: [1], 1: []})
    assert freed(["p5"], ["p6"], known) == 1 << 5
    assert freed(["p5", "p6"], [], known) == (1 << 5) + (1 << 6) + (1 << 1)

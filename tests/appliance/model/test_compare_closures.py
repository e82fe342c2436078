"""Two systems, package by package."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.closures import Closure
from appliance.model.compare_closures import Contents, Package, contents, named, unsaid


def closure(**sizes: int) -> Closure:
    """Paths by one digit that stands for their hash part, then the name."""
    return {f"{name[0] * 32}-{name[1:].replace('_', '-')}": size for name, size in sizes.items()}


ZLIB = closure(**{"1zlib_1.3": 100})


def test_a_package_of_another_version_has_changed() -> None:
    found = contents(ZLIB, closure(**{"2zlib_1.4": 120}))
    assert found == Contents((Package("zlib", ("1.3",), ("1.4",), 20),), (), (), 0, 100, 120)


def test_a_package_that_only_the_second_has_was_added() -> None:
    found = contents(ZLIB, {**ZLIB, **closure(**{"3gdb_14.2": 7})})
    assert (found.changed, found.removed) == ((), ())
    assert found.added == (Package("gdb", (), ("14.2",), 7),)


def test_a_package_that_only_the_first_has_was_removed() -> None:
    found = contents({**ZLIB, **closure(**{"3gdb_14.2": 7})}, ZLIB)
    assert found.removed == (Package("gdb", ("14.2",), (), -7),)


def test_another_build_of_the_same_version_is_only_counted() -> None:
    found = contents(ZLIB, closure(**{"2zlib_1.3": 101}))
    assert (found.changed, found.added, found.removed, found.rebuilt) == ((), (), (), 1)
    assert (found.before, found.after) == (100, 101)


def test_two_versions_of_one_package_are_told_together() -> None:
    both = closure(**{"1zlib_1.3": 1, "2zlib_1.2": 1})
    (one,) = contents(both, closure(**{"3zlib_1.4": 1})).changed
    assert (one.before, one.after) == (("1.2", "1.3"), ("1.4",))


def test_outputs_of_a_package_are_one_package() -> None:
    before = closure(**{"1openssl_3.0.13": 1, "2openssl_3.0.13_bin": 1})
    after = closure(**{"3openssl_3.0.14": 1, "4openssl_3.0.14_bin": 1})
    (one,) = contents(before, after).changed
    assert (one.name, one.before, one.after) == ("openssl", ("3.0.13",), ("3.0.14",))


def test_a_path_without_a_version_that_was_made_again_is_only_counted() -> None:
    assert contents(closure(**{"1etc": 1}), closure(**{"2etc": 1})).rebuilt == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("linux-6.12.44", ("linux", "6.12.44")),
        ("linux-6.12.44-modules", ("linux", "6.12.44-modules")),
        ("nixos-system-ember-25.05.20251129", ("nixos-system-ember", "25.05.20251129")),
        ("unit-dbus.service", ("unit-dbus.service", "")),
        ("gtk+3-3.24.43", ("gtk+3", "3.24.43")),
        ("python3.12-idna-3.7", ("python3.12-idna", "3.7")),
        ("perl5.38-HTTP-Message-6.45-devdoc", ("perl5.38-HTTP-Message", "6.45")),
        ("git-unstable-2024", ("git-unstable", "2024")),
        ("odd-", ("odd-", "")),
        ("odd-_x", ("odd", "_x")),
    ],
)
def test_a_name_is_split_as_nix_does(name: str, told: tuple[str, str]) -> None:
    assert named(name) == told


def test_both_that_nobody_noted_are_named() -> None:
    assert unsaid(["generation 1", "generation 2"]).startswith(
        "Nobody noted what generation 1 and generation 2 are made of: they are older"
    )


NAMES = st.builds(
    "{}-{}{}".format,
    st.text("0123456789abcdf", min_size=32, max_size=32),
    st.sampled_from(["zlib", "etc", "linux-headers", "a-b-c"]),
    st.sampled_from(["", "-1.2", "-1.3", "-1.3-bin", "-2024-01-01"]),
)
CLOSURES = st.dictionaries(NAMES, st.integers(0, 1 << 40), max_size=12)


@given(CLOSURES)
def test_a_system_is_like_itself(one: Mapping[str, int]) -> None:
    assert contents(one, one).same


@given(CLOSURES, CLOSURES)
def test_the_other_way_round_everything_is_turned(
    one: Mapping[str, int], other: Mapping[str, int]
) -> None:
    there, back = contents(one, other), contents(other, one)
    assert (back.before, back.after, back.rebuilt) == (there.after, there.before, there.rebuilt)
    for forth, turned in (
        (there.changed, back.changed),
        (there.added, back.removed),
        (there.removed, back.added),
    ):
        assert turned == tuple(Package(p.name, p.after, p.before, -p.grown) for p in forth)


@given(CLOSURES, CLOSURES)
def test_what_is_not_the_same_path_by_path_is_told(
    one: Mapping[str, int], other: Mapping[str, int]
) -> None:
    assert contents(one, other).same == (one.keys() == other.keys())

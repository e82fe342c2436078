"""Closures as they are noted, and as others send them."""

from typing import Any

import pytest

from appliance.model.closures import MOST_PATHS, from_json, problem_of, to_json

ZLIB = {f"{'1' * 32}-zlib-1.3": 100}


def test_a_note_is_read_as_it_was_written() -> None:
    assert from_json(to_json(ZLIB)) == ZLIB


@pytest.mark.parametrize(
    "stored",
    [None, [], {}, {"schema": 1}, {"schema": 2, "paths": ZLIB}, {"schema": 1, "paths": []},
     {"schema": "x", "paths": ZLIB}, {"schema": 1, "paths": {"<b>": 1}}],
)  # fmt: skip
def test_what_is_no_note_is_none(stored: Any) -> None:
    assert from_json(stored) is None


@pytest.mark.parametrize(
    "name",
    ["", "zlib", "/nix/store/x", f"{'e' * 32}-zlib", f"{'1' * 32}-", f"{'1' * 32}-a b",
     f"{'1' * 32}-<b>", f"{'1' * 32}-a\n", f"{'1' * 32}-../x", f"{'1' * 32}-{'a' * 212}"],
)  # fmt: skip
def test_a_name_that_no_store_has_is_refused(name: str) -> None:
    assert "is no name in a store" in problem_of({name: 1})


@pytest.mark.parametrize("size", [-1, 1 << 50, True, "1", 1.0, None])
def test_a_size_that_nothing_has_is_refused(size: Any) -> None:
    assert "has no size" in problem_of({f"{'1' * 32}-zlib": size})


def test_more_paths_than_any_system_has_are_refused() -> None:
    many = {f"{at:032}-zlib": 1 for at in range(MOST_PATHS + 1)}
    assert "more than 20,000 paths" in problem_of(many)

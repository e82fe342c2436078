"""What is pushed, before its files are looked at."""

from dataclasses import replace

import pytest

from appliance.model.pushed import (
    LARGEST_FILE,
    MOST_FILES,
    Piece,
    Pushed,
    from_json,
    problem_of,
    to_json,
)

PIECE = Piece(f"/nix/store/{'a' * 32}-kernel/bzImage", "0" * 64, 7)
PUSHED = Pushed("s1/ember", {"kind": "native"}, (PIECE,), "9f31c2e-dirty", "bench", "2.26.3")


def test_what_is_left_for_build_is_read_again() -> None:
    assert from_json(to_json(PUSHED)) == PUSHED


def test_a_host_with_its_files_is_well() -> None:
    assert problem_of(PUSHED) == ""


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (PIECE,) * (MOST_FILES + 1),
        (replace(PIECE, size=0),),
        (replace(PIECE, size=LARGEST_FILE),),
        (replace(PIECE, sha256="../../etc/shadow"),),
        (replace(PIECE, sha256="A" * 64),),
        (replace(PIECE, path="/etc/shadow"),),
        (replace(PIECE, path=f"/nix/store/{'a' * 32}\n"),),
    ],
)
def test_files_that_cannot_be_are_refused(pieces: tuple[Piece, ...]) -> None:
    assert problem_of(replace(PUSHED, pieces=pieces)) != ""


def test_words_are_short_and_plain() -> None:
    assert problem_of(replace(PUSHED, where="x\x1b[2J")) != ""
    assert problem_of(replace(PUSHED, revision="x" * 101)) != ""


def test_a_closure_that_is_none_is_refused() -> None:
    told = replace(PUSHED, closure={"<script>": 1})
    assert problem_of(told) == "'<script>' is no name in a store."


def test_what_was_left_without_a_closure_is_read() -> None:
    told = {name: one for name, one in to_json(PUSHED).items() if name != "closure"}
    assert from_json(told) == PUSHED

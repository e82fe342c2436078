"""What nix complains about has a word, and the words are one table."""

import re

import pytest

from appliance.model.obstacles import IN_THE_WAY, WENT_TOO_FAR
from services.nix.complaints import BUILDING, EVALUATION, FETCHING, Complaint
from services.nix.failure import sentence
from services.nix.unfetched import HERE, LOCAL


@pytest.mark.parametrize(
    "table", [EVALUATION, FETCHING, BUILDING, HERE, LOCAL], ids=lambda table: table[0].kind
)
def test_every_complaint_has_a_word_of_the_table(table: tuple[Complaint, ...]) -> None:
    assert {one.kind for one in table} <= {*WENT_TOO_FAR, *IN_THE_WAY}


def test_a_word_is_of_one_kind_only() -> None:
    assert not IN_THE_WAY & WENT_TOO_FAR.keys()


@pytest.mark.parametrize("word", [*WENT_TOO_FAR, *sorted(IN_THE_WAY)])
def test_a_word_is_plain(word: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", word)


@pytest.mark.parametrize(
    ("text", "word", "part"),
    [
        ("attribute 'currentTime' missing", "impure", "builtins.currentTime"),
        (
            "in pure evaluation mode, 'fetchTree' will not fetch unlocked input 'http://h/x'",
            "unlocked-fetch",
            "It calls fetchTree without a hash",
        ),
        (
            "cannot call 'getFlake' on unlocked flake reference 'path:/etc', at «string»:1:1",
            "unlocked-fetch",
            "It calls getFlake without a hash",
        ),
        (
            "error: writing to file: No space left on device",
            "disk",
            "The disk of the store is full",
        ),
    ],
)
def test_an_evaluation_that_goes_too_far_is_known(text: str, word: str, part: str) -> None:
    kind, told = sentence(EVALUATION, text)
    assert kind == word
    assert part in told


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            "derivation '/nix/store/x.drv' has '__noChroot' set, but that's not allowed when "
            "'sandbox' is 'true'",
            "sandbox",
        ),
        ("> sh: can't fork: Resource temporarily unavailable", "processes"),
        ("> chmod: /nix/store/x-squashfs: Operation not permitted", "set-uid"),
    ],
)
def test_a_build_that_goes_too_far_is_known(text: str, word: str) -> None:
    failed = f"builder for '/nix/store/x.drv' failed with exit code 1;\n{text}"
    assert sentence(BUILDING, failed)[0] == word

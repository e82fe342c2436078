import random
from typing import Any

import pytest

from appliance.errors import Refused
from appliance.model import nix

PIECES = [
    '"',
    "\\",
    "${",
    "$$",
    "$",
    "{",
    "}",
    "''",
    "\n",
    "\r",
    "\t",
    " ",
    "a",
    "é",
    "#",
    "/*",
    ";",
]


def anything(dice: random.Random, depth: int = 0) -> Any:
    """A value of any kind, with whatever is awkward to write."""
    kind = dice.randrange(7 if depth < 4 else 5)
    if kind == 5:
        return [anything(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind == 6:
        return {text(dice): anything(dice, depth + 1) for _ in range(dice.randrange(4))}
    return [True, False, None, dice.randrange(-(10**6), 10**9), text(dice)][kind]


def text(dice: random.Random) -> str:
    return "".join(dice.choice(PIECES) for _ in range(dice.randrange(8)))


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_written_is_read_back(seed: int) -> None:
    value = anything(random.Random(seed))
    assert nix.read(nix.write(value)) == value


def test_a_number_is_not_taken_for_a_truth() -> None:
    assert (nix.write(1), nix.write(0), nix.write(True)) == ("1", "0", "true")


def test_sets_that_are_written_in_pieces_are_one() -> None:
    assert nix.read('{ a.b = 1; a.c = 2; a = { d = "x"; }; }') == {"a": {"b": 1, "c": 2, "d": "x"}}


def test_comments_say_nothing() -> None:
    assert nix.read("# one\n{ /* two\n */ a = 1; # three\n}") == {"a": 1}


@pytest.mark.parametrize("head", ["{ config, pkgs, ... }:", "{ }:", "{ lib }:\n# words\n"])
def test_the_arguments_of_a_module_are_skipped(head: str) -> None:
    assert nix.read(f"{head} {{ a = 1; }}") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\n a = ./b;\n}", "Line 2: . is no plain value."),
        ("{\n\n a = pkgs.hello;\n}", "Line 3: pkgs is no plain value."),
        ('{ a = "x${y}"; }', "needs Nix"),
        ("let a = 1; in a", "let is no plain value"),
        ("rec { a = 1; }", "rec is no plain value"),
        ("{ inherit a; }", "inherit is no name of a setting"),
        ("{ a = 1; a = 2; }", "a is set twice"),
        ("{ a = 1; a.b = 2; }", "a is set twice"),
        ("{ a = 1 }", "} stands where ; belongs"),
        ("{ a = 1;", "the end of the file is no name of a setting"),
        ("[ 1", "the end of the file is no plain value"),
        ("{ } x", "x stands after the end of the value"),
        ("{ a = 1.5; }", "is no plain value"),
        ("{ a = 99999999999999999999; }", "is no plain value"),
        ('"open', "is no plain value"),
        ("", "the end of the file is no plain value"),
        ("[" * 500, "is nested too deeply"),
        ("{ a = ''x''; }", "is no plain value"),
    ],
)
def test_what_only_nix_can_read_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        nix.read(text)
    assert said in str(caught.value)
    assert "nix eval --json" in str(caught.value)

"""What holds for every setting there is: it can be kept as a file, and its change is said."""

import json

import pytest

from appliance.model import migrate, read
from appliance.model.compare import differences
from appliance.model.exchange import exported, imported
from tests.appliance.model.everything import EVERYTHING, Place, at, optional, put

OPTIONAL = dict(optional())
WITHOUT_A_SENTENCE: frozenset[Place] = frozenset({("wan", "static")})
"""With PPPoE the address comes with the session: check.py refuses one of its own."""


def test_every_setting_is_at_something_else_than_its_default() -> None:
    assert [place for place, default in OPTIONAL.items() if at(place) == default] == []


def test_every_setting_is_read_back_from_nix() -> None:
    text = exported(EVERYTHING)
    assert read.config(migrate.upgraded(imported(text).stored)) == EVERYTHING


def test_every_setting_is_read_back_from_json() -> None:
    text = json.dumps(read.to_json(EVERYTHING))
    assert read.config(migrate.upgraded(imported(text).stored)) == EVERYTHING


@pytest.mark.parametrize("place", OPTIONAL, ids=lambda place: ".".join(map(str, place)))
def test_what_becomes_of_a_setting_is_said(place: Place) -> None:
    try:
        other = put(place, OPTIONAL[place])
    except ValueError:  # it cannot be left out beside the others
        return
    assert bool(differences(EVERYTHING, other)) is (place not in WITHOUT_A_SENTENCE)

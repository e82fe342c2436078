import pytest

from appliance.errors import Problem, Refused
from appliance.model.config import SCHEMA
from appliance.model.migrate import UPGRADES, upgraded


def test_todays_layout_is_returned_as_it_is() -> None:
    stored = {"schema": SCHEMA, "networks": []}
    assert upgraded(stored) == stored


def test_an_old_layout_goes_through_every_step() -> None:
    steps = {1: lambda old: {"b": old["a"]}, 2: lambda old: {"c": old["b"] + 1}}
    assert upgraded({"schema": 1, "a": 1}, steps, 3) == {"schema": 3, "c": 2}


def test_a_newer_layout_is_left_to_the_reader_to_refuse() -> None:
    assert upgraded({"schema": SCHEMA + 1}) == {"schema": SCHEMA + 1}


def test_a_missing_step_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no way from layout 1"):
        upgraded({"schema": 1}, {}, 2)


def test_there_is_a_way_from_every_layout() -> None:
    assert set(UPGRADES) == set(range(1, SCHEMA))


@pytest.mark.parametrize("layout", [0, -1, "x", "1", None, [1], {}, True, 1.0])
def test_what_is_no_layout_is_refused_beside_its_field(layout: object) -> None:
    with pytest.raises(Refused) as refused:
        upgraded({"schema": layout, "networks": []})
    what = f"{layout!r} is no layout. Write {SCHEMA}, or leave schema out."
    assert refused.value.problems == (Problem(("schema",), what),)

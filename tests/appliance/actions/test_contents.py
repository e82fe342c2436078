"""Two published images, and what was noted of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions.contents import FILES, packages
from appliance.actions.desk import Desk
from appliance.model.closures import to_json
from appliance.model.compare_closures import Contents
from tests.services.netboot.made import image

BEFORE, AFTER = image(number=1), image(number=2)
ZLIB = {f"{'1' * 32}-zlib-1.3": 100}


@pytest.fixture
def notes(desk: Desk) -> Path:
    """Where they lie; the one of the first image is there."""
    folder = desk.reads.state / "published/closures"
    folder.mkdir(parents=True)
    (folder / f"{BEFORE.id}.json").write_text(json.dumps(to_json(ZLIB)))
    return folder


def test_two_that_are_noted_are_compared(desk: Desk, notes: Path) -> None:
    (notes / f"{AFTER.id}.json").write_text(json.dumps(to_json({})))
    found = packages(desk.reads, BEFORE, AFTER)
    assert isinstance(found, Contents)
    assert [one.name for one in found.removed] == ["zlib"]


@pytest.mark.usefixtures("notes")
def test_one_that_is_not_noted_is_named_as_the_caller_names_it(desk: Desk) -> None:
    said = packages(desk.reads, BEFORE, AFTER, ("generation 1", "generation 2"))
    assert str(said).startswith("Nobody noted what generation 2 is made of")
    said = packages(desk.reads, BEFORE, AFTER)
    assert f"what image {AFTER.id[:7]} is made of" in str(said)


@pytest.mark.usefixtures("notes")
def test_files_are_made_of_no_packages(desk: Desk) -> None:
    assert packages(desk.reads, replace(BEFORE, toplevel=""), AFTER) == FILES

"""The disk that images lie on: what is said before anything goes, and the two presses."""

import json
from contextlib import closing

from sqlmodel import Session, select

from appliance.model.storage import FULL, Choice, Storage
from appliance.store import builds, storages
from appliance.store.open import writer
from appliance.store.tables import Retention, Wish
from tests.webui.home import NOW
from tests.webui.pages.conftest import Home

GIB = 1 << 30
CHOICES = (Choice(1, 6, 4 * GIB, "5 of ember and 1 of anvil"), Choice(5, 0, 0, ""))
ROOM = Storage(free=50 * GIB, size=100 * GIB, garbage=3 * GIB, choices=CHOICES, weighed_at=NOW)


def stands(home: Home, told: Storage) -> None:
    with closing(writer(home.state / "build.db", builds.MIGRATIONS)) as file:
        storages.stands(file, told, NOW)


def wishes(home: Home) -> list[tuple[str, dict[str, str]]]:
    with Session(home.desk.inventory) as session:
        asked = session.exec(select(Wish).where(Wish.role == "build")).all()
    return [(one.kind, json.loads(one.body)) for one in asked if one.kind == "clear"]


def test_it_says_what_each_number_would_free(lived_in: Home) -> None:
    stands(lived_in, ROOM)
    html = lived_in.get("/storage")
    assert "Lets go of 5 of ember and 1 of anvil, and frees about 4\xa0GiB." in html
    assert "As it is now." in html
    assert "50 % of the disk that images lie on is free." in html
    assert "About 3\xa0GiB" in html


def test_keeping_fewer_asks_for_as_much_to_be_freed(lived_in: Home) -> None:
    stands(lived_in, ROOM)
    lived_in.post("/storage", keep="1")
    assert wishes(lived_in) == [("clear", {"bytes": str(4 * GIB)})]
    with Session(lived_in.desk.inventory) as session:
        assert [one.keep for one in session.exec(select(Retention))] == [1]
    assert lived_in.desk.reads.keep() == 1


def test_a_number_that_frees_nothing_asks_for_nothing(lived_in: Home) -> None:
    stands(lived_in, ROOM)
    lived_in.post("/storage", keep="10")
    assert wishes(lived_in) == []
    assert lived_in.desk.reads.keep() == 10


def test_what_nothing_needs_goes_by_a_press(lived_in: Home) -> None:
    stands(lived_in, ROOM)
    lived_in.post("/storage", keep="5", deed="clear")
    assert wishes(lived_in) == [("clear", {"bytes": "0"})]
    assert lived_in.desk.reads.keep() == 5


def test_no_host_can_be_left_without_a_generation(lived_in: Home) -> None:
    assert "Keep 1 to 100 generations" in lived_in.post("/storage", keep="0")
    assert lived_in.desk.reads.keep() == 5


def test_a_full_disk_is_said_where_builds_wait(lived_in: Home) -> None:
    with closing(writer(lived_in.state / "build.db", builds.MIGRATIONS)) as file:
        storages.stands(file, Storage(FULL, "1 GiB is free: builds wait.", GIB, 100 * GIB), NOW)
        storages.builds_wait(file, "1 GiB is free: builds wait.")
    for page in ("/storage", "/builds"):
        assert "1 GiB is free: builds wait." in lived_in.get(page)
    assert "Builds wait for room." in lived_in.get("/")


def test_before_anything_was_weighed_nothing_is_offered(lived_in: Home) -> None:
    stands(lived_in, Storage(free=50 * GIB, size=100 * GIB))
    html = lived_in.get("/storage")
    assert "not weighed yet" in html
    assert 'id="keep"' not in html

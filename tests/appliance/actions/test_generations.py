"""The owner's say about generations: what is wished, what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session, select

from appliance.actions import generations, sources
from appliance.actions.desk import Desk
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.generations import FAILURES
from appliance.model.images import image_to_json
from appliance.store import boots, builds
from appliance.store import generations as store
from appliance.store.open import writer
from appliance.store.tables import Wish
from tests.appliance.actions.conftest import OWNER, Judge
from tests.services.netboot.made import image

IMAGES = {number: image(number=number) for number in (1, 2, 3)}


class Host:
    """ember with three generations, as build and boot wrote them."""

    def __init__(self, desk: Desk, judge: Judge, state: Path) -> None:
        self.desk = desk
        source = sources.add_source(desk, OWNER, "github:lena/homelab").subject
        self.id = judge(source, "ember")
        self.build = writer(state / "build.db", builds.MIGRATIONS)
        self.boot = writer(state / "boot.db", boots.MIGRATIONS)
        (state / "published/images").mkdir(parents=True)
        for number, one in IMAGES.items():
            self.build.execute(
                "INSERT INTO generation VALUES (?, ?, ?, '{}', 'trial', 1, 1, '', '', 'null')",
                (self.id, number, one.id),
            )
            manifest = state / f"published/images/{one.id}.json"
            manifest.write_text(json.dumps(image_to_json(one)))

    def came_up(self, number: int) -> None:
        store.count_up(self.boot, IMAGES[number].id, "m1", 1.0)

    def failed(self, number: int) -> None:
        for _ in range(FAILURES):
            store.count_failure(self.boot, IMAGES[number].id, "m1", "b1", 1.0)

    def wished(self) -> list[tuple[str, dict[str, str]]]:
        with Session(self.desk.inventory) as session:
            rows = session.exec(select(Wish)).all()
        return [(one.kind, json.loads(one.body)) for one in rows if one.role == "boot"]

    def image(self, number: int) -> dict[str, str]:
        return {"host": self.id, "image": IMAGES[number].id}


@pytest.fixture
def host(desk: Desk, judge: Judge, tmp_path: Path) -> Host:
    return Host(desk, judge, tmp_path)


def test_a_generation_is_pinned_by_its_number(host: Host) -> None:
    done = generations.pin_generation(host.desk, OWNER, "ember", 2)
    assert host.wished() == [("pin", host.image(2))]
    assert done.what == "ember serves generation 2 until you unpin it."


def test_a_number_that_is_not_there_is_told_what_is(host: Host) -> None:
    with pytest.raises(Unknown, match=r"no generation 9\. It has 1, 2, 3\."):
        generations.pin_generation(host.desk, OWNER, "ember", 9)


def test_what_is_not_pinned_is_not_unpinned(host: Host) -> None:
    with pytest.raises(Refused, match="No generation of ember is pinned"):
        generations.unpin_generation(host.desk, OWNER, "ember")


def test_a_pin_is_taken_off(host: Host) -> None:
    store.pin(host.boot, host.id, IMAGES[1].id, 1.0)
    generations.unpin_generation(host.desk, OWNER, "ember")
    assert host.wished() == [("unpin", {"host": host.id})]


def test_rolling_back_goes_to_the_last_good_one(host: Host) -> None:
    host.came_up(1)
    done = generations.roll_back(host.desk, OWNER, "ember")
    assert host.wished() == [("set-aside", host.image(3))]
    assert done.what == "ember goes from generation 3 to 1."


def test_rolling_back_from_a_pinned_one_goes_to_the_newest(host: Host) -> None:
    store.pin(host.boot, host.id, IMAGES[1].id, 1.0)
    assert generations.roll_back(host.desk, OWNER, "ember").what.endswith("from generation 1 to 3.")


def test_there_must_be_something_to_go_back_to(host: Host) -> None:
    for number in (1, 2):
        host.failed(number)
    with pytest.raises(Refused, match="no other generation to serve"):
        generations.roll_back(host.desk, OWNER, "ember")
    assert host.wished() == []


def test_an_image_that_is_gone_is_nothing_to_go_back_to(host: Host) -> None:
    for number in (1, 2):
        (host.desk.reads.state / f"published/images/{IMAGES[number].id}.json").unlink()
    with pytest.raises(Refused, match="no other generation to serve"):
        generations.roll_back(host.desk, OWNER, "ember")


def test_when_every_one_is_bad_there_is_nothing_to_go_back_from(host: Host) -> None:
    for number in IMAGES:
        host.failed(number)
    with pytest.raises(Refused, match="serves nothing"):
        generations.roll_back(host.desk, OWNER, "ember")


def test_a_bad_one_is_tried_again(host: Host) -> None:
    host.failed(3)
    generations.try_again(host.desk, OWNER, "ember", 3)
    assert host.wished() == [("try-again", host.image(3))]


def test_one_that_fails_on_one_machine_only_is_tried_again(host: Host) -> None:
    host.failed(3)
    store.count_up(host.boot, IMAGES[3].id, "m2", 1.0)
    generations.try_again(host.desk, OWNER, "ember", 3)
    assert host.wished() == [("try-again", host.image(3))]


@pytest.mark.parametrize(
    ("before", "said"), [(Host.came_up, "is good"), (lambda *_: None, "is on trial")]
)
def test_one_that_can_be_served_needs_no_other_try(
    host: Host, before: Callable[[Host, int], None], said: str
) -> None:
    before(host, 3)
    with pytest.raises(Refused, match=said):
        generations.try_again(host.desk, OWNER, "ember", 3)


def test_what_is_served_now_is_known_by_host(host: Host) -> None:
    host.came_up(2)
    host.failed(3)
    assert generations.served_now(host.desk.reads)[host.id].number == 2

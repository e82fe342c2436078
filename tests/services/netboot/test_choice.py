from dataclasses import replace

import pytest

from appliance.model.table import EMPTY, LACKS, Table, Unknown
from services.netboot.choice import (
    Deny,
    Hold,
    Local,
    Page,
    Run,
    Shell,
    Show,
    decide,
    image_key,
    newest,
    pick,
)
from tests.services.netboot.made import MAC, STRANGER, image, looked_up, table

NEW, OLD = image(number=2), image(number=1)
IMAGES = looked_up(NEW, OLD)


def test_an_assigned_machine_gets_its_hosts_newest_image() -> None:
    got = decide(table(NEW, OLD), "lan", MAC, IMAGES)
    assert isinstance(got, Run)
    assert (got.image, got.generation.number) == (NEW, 2)


def test_a_bad_generation_is_passed_over() -> None:
    got = decide(table(NEW, OLD, states=("bad", "good")), "lan", MAC, IMAGES)
    assert isinstance(got, Run)
    assert got.image == OLD


def test_a_pinned_generation_wins_over_a_newer_one() -> None:
    host = table(NEW, OLD, states=("good", "pinned")).hosts["s1/ember"]
    found = newest(host)
    assert found is not None
    assert found.image == OLD.id


def test_a_specialisation_is_booted_instead() -> None:
    special = image(number=7)
    made = table(NEW, specialisation="gaming", specialisations={"gaming": special.id})
    got = decide(made, "lan", MAC, looked_up(NEW, special))
    assert isinstance(got, Run)
    assert got.image == special


@pytest.mark.parametrize(
    ("intent", "kind"), [("hold", Hold), ("local", Local), ("deny", Deny), ("menu", Show)]
)
def test_an_intent_is_obeyed(intent: str, kind: type) -> None:
    assert isinstance(decide(table(NEW, intent=intent), "lan", MAC, IMAGES), kind)


@pytest.mark.parametrize("intent", ["install", "rescue"])
def test_an_intent_of_a_later_version_is_a_readable_page(intent: str) -> None:
    got = decide(table(NEW, intent=intent), "lan", MAC, IMAGES)
    assert isinstance(got, Page)
    assert intent in got.why


@pytest.mark.parametrize(("kind", "got"), [("menu", Show), ("hold", Hold), ("nothing", Deny)])
def test_an_unknown_machine_gets_its_networks_default(kind: str, got: type) -> None:
    assert isinstance(decide(table(NEW, unknown=kind), "lan", STRANGER, IMAGES), got)


def test_without_any_table_a_machine_waits() -> None:
    assert isinstance(decide(EMPTY, "lan", MAC, IMAGES), Hold)


def test_an_entry_for_one_network_wins_over_the_mac_alone() -> None:
    made = table(NEW)
    elsewhere: Table = replace(
        made, macs={f"lab|{MAC}": "m1"}, unknown={"*": Unknown("hold", None)}
    )
    assert isinstance(decide(elsewhere, "lab", MAC, IMAGES), Run)
    assert isinstance(decide(elsewhere, "lan", MAC, IMAGES), Hold)


@pytest.mark.parametrize(
    ("lacks", "reason"),
    [
        ("queued", "waiting"),
        ("running", "waiting"),
        ("looking", "waiting"),
        ("unbuilt", "waiting"),
        ("", "waiting"),
        ("failed", "build-failed"),
        ("cancelled", "nothing"),
        ("not-bootable", "nothing"),
    ],
)
def test_a_host_without_an_image_says_what_it_lacks(lacks: str, reason: str) -> None:
    got = decide(table(waiting="ember lacks something.", lacks=lacks), "lan", MAC, IMAGES)
    assert isinstance(got, Page)
    assert (got.reason, got.why) == (reason, "ember lacks something.")


def test_every_reason_for_having_nothing_has_a_page() -> None:
    tested = {"queued", "running", "looking", "unbuilt", "failed", "cancelled", "not-bootable"}
    assert tested == set(LACKS)


def test_an_image_that_was_pruned_says_so() -> None:
    got = decide(table(NEW), "lan", MAC, looked_up())
    assert isinstance(got, Page)
    assert got.reason == "pruned"


def test_a_menu_lists_hosts_specialisations_then_earlier_images() -> None:
    special = image(number=7)
    made = table(NEW, OLD, intent="menu", specialisations={"gaming": special.id})
    got = decide(made, "lan", MAC, looked_up(NEW, OLD, special))
    assert isinstance(got, Show)
    assert [one.label for one in got.entries] == ["ember, generation 2", "ember, gaming"]
    assert [one.label for one in got.earlier] == ["ember, generation 1, good"]
    assert got.default == image_key(NEW.id)


def test_a_menu_shows_no_more_earlier_images_than_wanted() -> None:
    got = decide(table(NEW, OLD, intent="menu", rollbacks=0), "lan", MAC, IMAGES)
    assert isinstance(got, Show)
    assert got.earlier == ()


def test_a_menu_names_hosts_that_have_nothing_yet() -> None:
    got = decide(table(intent="menu", waiting="building"), "lan", MAC, IMAGES)
    assert isinstance(got, Show)
    assert got.entries == ()
    assert got.default == "local"
    assert "building" in got.waiting[0]


def test_a_pick_boots_what_the_menu_offered() -> None:
    got = pick(
        table(NEW, OLD), "lan", MAC, image_key(OLD.id), IMAGES, frozenset({image_key(OLD.id)})
    )
    assert isinstance(got, Run)
    assert got.image == OLD


def test_a_pick_that_was_not_offered_is_refused() -> None:
    got = pick(table(NEW, OLD), "lan", MAC, image_key(OLD.id), IMAGES, frozenset())
    assert isinstance(got, Page)


@pytest.mark.parametrize(("key", "kind"), [("local", Local), ("shell", Shell), ("menu", Run)])
def test_the_other_entries_are_always_there(key: str, kind: type) -> None:
    assert isinstance(pick(table(NEW), "lan", MAC, key, IMAGES, frozenset()), kind)

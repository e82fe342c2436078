from dataclasses import replace

import pytest

from appliance.generations import FAILURES, Standings, Tally
from appliance.model.images import Image
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
    instead,
    pick,
)
from tests.services.netboot.made import MAC, STRANGER, image, looked_up, table

NEW, OLD = image(number=2), image(number=1)
IMAGES = looked_up(NEW, OLD)


def test_an_assigned_machine_gets_its_hosts_newest_image() -> None:
    got = decide(table(NEW, OLD), "lan", MAC, IMAGES)
    assert isinstance(got, Run)
    assert (got.image, got.generation.number) == (NEW, 2)


def bad(*images: Image, machine: str = "m1") -> Standings:
    """Each of them fell short on that machine, and came up nowhere."""
    return Standings({one.id: {machine: Tally(failures=FAILURES)} for one in images})


def test_a_bad_generation_is_passed_over() -> None:
    got = decide(table(NEW, OLD, states=("trial", "good")), "lan", MAC, IMAGES, bad(NEW))
    assert isinstance(got, Run)
    assert (got.image, got.generation.number) == (OLD, 1)


def test_a_machine_gets_what_fails_on_another_one_only() -> None:
    made = table(NEW, OLD, states=("good", "good"))
    got = decide(made, "lan", MAC, IMAGES, bad(NEW, machine="m2"))
    assert isinstance(got, Run)
    assert got.image == NEW


def test_a_pinned_generation_wins_over_a_newer_one() -> None:
    pinned = Standings(pins={"s1/ember": OLD.id})
    got = decide(table(NEW, OLD), "lan", MAC, IMAGES, pinned)
    assert isinstance(got, Run)
    assert got.image == OLD


def test_when_every_generation_is_bad_the_screen_says_so() -> None:
    got = decide(table(NEW, OLD, states=("trial",) * 2), "lan", MAC, IMAGES, bad(NEW, OLD))
    assert isinstance(got, Page)
    assert (got.reason, "Each of the 2 generations of ember is bad" in got.why) == ("all-bad", True)


def test_an_image_that_is_gone_makes_room_for_an_earlier_one() -> None:
    got = decide(table(NEW, OLD), "lan", MAC, looked_up(OLD))
    assert isinstance(got, Run)
    assert got.image == OLD


def test_a_menu_offers_no_bad_image() -> None:
    made = table(NEW, OLD, intent="menu", states=("trial", "good"))
    shown = decide(made, "lan", MAC, IMAGES, bad(NEW))
    assert isinstance(shown, Show)
    assert [entry.key for entry in shown.entries] == [image_key(OLD.id)]
    assert (shown.default, shown.earlier) == (image_key(OLD.id), ())


def test_an_image_that_became_bad_is_not_picked() -> None:
    key = image_key(NEW.id)
    made = table(NEW, OLD, states=("trial", "good"))
    got = pick(made, "lan", MAC, key, IMAGES, frozenset({key}), bad(NEW))
    assert isinstance(got, Page)
    pinned = replace(bad(NEW), pins={"s1/ember": NEW.id})
    assert isinstance(pick(made, "lan", MAC, key, IMAGES, frozenset({key}), pinned), Run)


def test_a_machine_with_a_specialisation_is_told_what_it_gets_of_that() -> None:
    special = image(number=7)
    made = table(NEW, OLD, specialisation="gaming", specialisations={"gaming": special.id})
    images = looked_up(NEW, OLD, special)
    said = instead(made, "s1/ember", "m1", images, bad(special))
    assert said == "There is no other to give it: it waits for one."


def test_a_strangers_failures_are_its_own() -> None:
    made = table(NEW, OLD, unknown="menu", states=("good", "good"))
    shown = decide(made, "lan", STRANGER, IMAGES, bad(NEW, machine=f"lan|{STRANGER}"))
    assert isinstance(shown, Show)
    assert shown.default == image_key(OLD.id)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (("trial", "good"), "The last good one, generation 1 is served from now on."),
        (("trial", "trial"), "Another on trial, generation 1 is served from now on."),
        (("trial", "unwatched"), "Generation 1 is served from now on."),
        (("trial",), "There is no other to give it: it waits for one."),
    ],
)
def test_what_is_served_instead_is_a_sentence(states: tuple[str, ...], said: str) -> None:
    made = table(*(NEW, OLD)[: len(states)], states=states)
    assert instead(made, "s1/ember", "m1", IMAGES, bad(NEW)) == said


def test_a_pinned_one_is_still_served_after_it_failed() -> None:
    stands = replace(bad(NEW), pins={"s1/ember": NEW.id})
    said = "The pinned one, generation 2 is served from now on."
    assert instead(table(NEW, OLD), "s1/ember", "m1", IMAGES, stands) == said


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

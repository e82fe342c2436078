"""The machine → image table."""

from dataclasses import replace
from typing import Any

from appliance.model.images import Verdict
from appliance.model.table import LACKS, Table, table_from_json, table_to_json
from appliance.store.builds import BuildRow, GenerationRow
from appliance.store.inventory_view import MachineView, MenuView, SourceView, UnknownView
from services.nix.published import WAITING, images_in, table

SOURCE = SourceView("s", "fleet", "github:o/r", "mine", False, False, 3600, None)
MACHINE = MachineView(
    "m", "anvil", ((None, "52:54:00:00:00:01"),), "run", "i", "s/ember", None, None
)
GENERATION = GenerationRow("s/ember", 1, "a" * 64, {"quiet": "b" * 64}, "trial", 1.0, 9, "/t", "r")
VERDICT = Verdict("s/ember", "ember", "native", None, "x86_64-linux", "26.05", True)
BUILD = BuildRow(
    "1", "s/ember", "s", "ember", 1, "running", "asked", 1.0, 1.0, None, "", 0, 0, "", "", None
)


def made(**changes: Any) -> Table:
    given: dict[str, Any] = {
        "sources": [SOURCE],
        "machines": [MACHINE],
        "menus": [],
        "unknowns": [],
        "verdicts": [VERDICT],
        "generations": [GENERATION],
        "builds": [],
    }
    return table(5.0, **{**given, **changes})


def test_a_machine_is_found_by_its_mac() -> None:
    found = made().machine("lan", "52:54:00:00:00:01")
    assert found is not None
    assert (found.name, found.host) == ("anvil", "s/ember")


def test_a_mac_of_one_network_is_known_there_only() -> None:
    one = replace(MACHINE, macs=(("lan", "52:54:00:00:00:01"),))
    assert made(machines=[one]).machine("guests", "52:54:00:00:00:01") is None


def test_a_host_has_its_generations_with_their_specialisations() -> None:
    host = made().hosts["s/ember"]
    assert host.source == "fleet"
    assert host.generations[0].specialisations == {"quiet": "b" * 64}


def test_the_newest_generation_comes_first() -> None:
    two = replace(GENERATION, number=2, image="c" * 64)
    assert [one.number for one in made(generations=[two, GENERATION]).hosts["s/ember"].generations]
    assert made(generations=[two, GENERATION]).hosts["s/ember"].generations[0].number == 2


def test_a_host_that_is_being_built_says_so() -> None:
    host = made(generations=[], builds=[BUILD]).hosts["s/ember"]
    assert (host.lacks, host.waiting) == ("running", "ember is being built.")


def test_a_host_that_failed_says_why() -> None:
    failed = replace(BUILD, state="failed", what="The disk is full.")
    host = made(generations=[], builds=[failed]).hosts["s/ember"]
    assert (host.lacks, host.waiting) == (
        "failed",
        "ember could not be built. The disk is full.",
    )


def test_a_host_that_cannot_boot_says_why() -> None:
    bad = replace(VERDICT, kind="not-bootable", reason="It is a container.")
    host = made(generations=[], verdicts=[bad]).hosts["s/ember"]
    assert (host.lacks, host.waiting) == (
        "not-bootable",
        "ember cannot be booted: It is a container.",
    )


def test_a_host_with_an_image_waits_for_nothing() -> None:
    host = made(builds=[BUILD]).hosts["s/ember"]
    assert (host.lacks, host.waiting) == ("", None)


def test_every_reason_for_having_nothing_is_in_the_tables_list() -> None:
    looking = replace(VERDICT, kind="looking")
    cases: list[dict[str, Any]] = [
        *({"builds": [replace(BUILD, state=state)]} for state in WAITING),
        {"verdicts": [replace(VERDICT, kind="not-bootable", reason="It is a container.")]},
        {"verdicts": [looking]},
        {"builds": []},
    ]
    found = [made(generations=[], **case).hosts["s/ember"].lacks for case in cases]
    assert sorted(found) == sorted(LACKS)


def test_a_removed_source_has_no_hosts() -> None:
    assert made(sources=[]).hosts == {}


def test_menus_and_defaults_are_there() -> None:
    menu = MenuView("n", "lab", ("s/ember",), "s/ember", 10, 2)
    found = made(menus=[menu], unknowns=[UnknownView("lan", "menu", "n")])
    assert found.default("lan").menu == "n"
    assert found.menus["n"].rollbacks == 2


def test_the_table_comes_back_from_its_file() -> None:
    assert table_from_json(table_to_json(made())) == made()


def test_images_of_specialisations_count_too() -> None:
    assert images_in([GENERATION]) == {"a" * 64, "b" * 64}

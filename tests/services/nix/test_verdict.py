"""What a host is to us."""

import json
from typing import Any

import pytest

from appliance.model.images import Finding
from services.nix.verdict import Answer, judged, names_problem
from tests.services.nix.test_recipe import told

GIBIBYTE = 1 << 30


def answer(**changes: Any) -> Answer:
    return Answer(**{"out": "", "error": "", "exit": 0, "reason": "done", **changes})


def of(found: Answer) -> Any:
    return judged("s", "ember", found, seconds=300, memory=2 * GIBIBYTE)


def test_a_native_host_has_a_recipe() -> None:
    found = of(answer(out=json.dumps(told(watched=True, release="26.05"))))
    assert (found.verdict.kind, found.verdict.watched) == ("native", True)
    assert found.recipe is not None


def test_findings_of_the_adapter_are_kept() -> None:
    notes = [{"severity": "warn", "what": "/data is not mounted.", "missing": None, "where": None}]
    assert of(answer(out=json.dumps(told(findings=notes)))).verdict.findings[0].severity == "warn"


def test_specialisations_are_listed_under_their_host() -> None:
    found = of(answer(out=json.dumps(told(specialisations={"quiet": {}}))))
    assert found.verdict.specialisations == ("quiet",)


def test_a_specialisation_that_is_left_out_is_a_finding() -> None:
    below = {"x": {"reason": "It does not inherit."}}
    found = of(answer(out=json.dumps(told(specialisations=below))))
    assert "It does not inherit." in found.verdict.findings[0].what


def test_what_is_no_system_says_why() -> None:
    out = json.dumps({"kind": "not-bootable", "reason": "It is a container."})
    found = of(answer(out=out))
    assert (found.verdict.kind, found.verdict.reason) == ("not-bootable", "It is a container.")
    assert found.recipe is None


@pytest.mark.parametrize(
    ("reason", "part"),
    [("timeout", "longer than 300 s"), ("memory", "more than 2 GiB"), ("output", "without end")],
)
def test_a_stopped_evaluation_says_which_limit(reason: str, part: str) -> None:
    found = of(answer(exit=137, reason=reason)).verdict
    assert part in str(found.reason)
    assert found.obstacle == reason


def test_an_error_is_a_sentence_and_a_finding() -> None:
    found = of(answer(exit=1, error="infinite recursion encountered")).verdict
    assert found.kind == "not-bootable"
    assert found.findings[0].what == found.reason


@pytest.mark.parametrize("out", ["", "{", "[]", "null", '"x"', "[" * 100_000])
def test_an_answer_that_is_none_is_not_bootable(out: str) -> None:
    assert of(answer(out=out)).verdict.kind == "not-bootable"


def test_hosts_that_are_there_are_no_problem() -> None:
    out = json.dumps({"hosts": ["a"], "outputs": ["nixosConfigurations"]})
    assert names_problem(answer(out=out), 300, GIBIBYTE) is None


def test_a_flake_without_hosts_says_what_it_has() -> None:
    out = json.dumps({"hosts": None, "outputs": ["outPath", "packages", "devShells"]})
    assert "it offers packages, devShells" in str(names_problem(answer(out=out), 300, GIBIBYTE))


def test_an_empty_list_of_hosts_is_a_problem() -> None:
    out = json.dumps({"hosts": [], "outputs": []})
    assert "empty" in str(names_problem(answer(out=out), 300, GIBIBYTE))


def test_what_an_absent_input_brings_about_is_that_inputs_fault() -> None:
    error = "access to URI 'github:o/tools/0123?narHash=x' is forbidden in restricted mode"
    failed = Answer("", error, 1, "done")
    why = "Input tools: h does not answer."
    found = judged(
        "s",
        "ember",
        failed,
        seconds=300,
        memory=GIBIBYTE,
        absent={"github:o/tools": Finding("warn", why)},
    )
    assert found.verdict.reason == f"It needs an input that is not here. {why}"


def test_another_fault_is_not_blamed_on_an_absent_input() -> None:
    failed = Answer("", "undefined variable 'token'", 1, "done")
    found = judged(
        "s",
        "ember",
        failed,
        seconds=300,
        memory=GIBIBYTE,
        absent={"github:o/tools": Finding("warn", "Away.")},
    )
    assert found.verdict.reason == "It uses token, which nobody defines. Look for a typing mistake."


def test_what_a_boot_script_would_obey_has_a_word() -> None:
    made = of(answer(out=json.dumps(told(kernelParams=["x=${net0/mac}"]))))
    assert made.verdict.obstacle == "command-line"


def test_an_evaluation_that_filled_the_disk_says_what_the_guard_said() -> None:
    found = of(answer(exit=137, reason="disk", what="The disk of the store is full.")).verdict
    assert (found.reason, found.obstacle) == ("The disk of the store is full.", "disk")

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from appliance.store.standing.open import GONE, NOBODY, Standing, Writer, standings, this_process

NEWER = "net.db was written by a newer Nixie. Start the newer version."
TAKEN = "TCP port 80 on br-lan is taken by nginx (pid 7): stop it, or take br-lan from it."


def told(state: Path, **roles: dict[str, Any]) -> tuple[Standing, ...]:
    return said(state, this_process(), **roles)


def said(state: Path, by: Writer, **roles: dict[str, Any]) -> tuple[Standing, ...]:
    (state / "run").mkdir(exist_ok=True)
    text = json.dumps({**asdict(by), "roles": roles, "walls": [], "events": []})
    (state / "run/supervisor.json").write_text(text)
    return standings(state)


RUNS = {"state": "runs", "why": NEWER, "problems": {"boot.br-lan": "Taken."}}


@pytest.mark.parametrize(
    "other", [{"boot": "of another run"}, {"began": 1}, {"pid": 4_194_303, "began": 1}]
)
def test_what_an_ended_supervisor_said_is_not_so_any_more(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    found = said(tmp_path, replace(this_process(), **other), net=RUNS, dns=RUNS)
    assert {(one.state, one.troubles) for one in found} == {(GONE, (NOBODY,))}


def test_why_a_role_ended_is_told_when_its_supervisor_has_ended_too(tmp_path: Path) -> None:
    (one,) = said(tmp_path, replace(this_process(), began=1), net=RUNS)
    assert one.why == NEWER


def test_a_file_that_does_not_say_by_whom_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/supervisor.json").write_text(json.dumps({"roles": {"net": RUNS}}))
    assert standings(tmp_path) == ()


def test_a_role_that_runs_has_no_troubles(tmp_path: Path) -> None:
    (one,) = told(tmp_path, net={"state": "runs", "why": NEWER, "problems": {}})
    assert one.troubles == ()


def test_a_role_that_failed_says_why(tmp_path: Path) -> None:
    paused = {"state": "failed and is started again soon", "why": NEWER, "problems": {}}
    (one,) = told(tmp_path, net=paused)
    assert one.troubles == (f"net does not run. {NEWER}",)


def test_a_taken_port_is_a_trouble_of_a_role_that_runs(tmp_path: Path) -> None:
    (one,) = told(tmp_path, boot={"state": "runs", "why": "", "problems": {"boot.br-lan": TAKEN}})
    assert one.troubles == (TAKEN,)


def test_without_the_file_nothing_is_known(tmp_path: Path) -> None:
    assert standings(tmp_path) == ()


def test_a_file_of_another_shape_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/supervisor.json").write_text('{"roles": []}')
    assert standings(tmp_path) == ()

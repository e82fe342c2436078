"""Plans a person can read: golden/<case>/{config.json,present.json,steps.txt}.

`config.json` is what is wanted; `present.json` is the state before it (plan/record.py), or
`{"config": …}` for "exactly what this config asks for"; `steps.txt` is the plan in sentences.
"""

import json
from pathlib import Path

import pytest

from appliance.model import migrate, read
from appliance.model.check import problems
from appliance.plan import order, record
from appliance.plan.words import say

CASES = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_plan_is_the_golden_one(case: Path) -> None:
    config = read.config(migrate.upgraded(json.loads((case / "config.json").read_text())))
    assert problems(config) == ()
    said = "".join(f"{say(step)}\n" for step in order.steps(order.wanted(config), present(case)))
    assert said == (case / "steps.txt").read_text()


def present(case: Path) -> order.State:
    stored = json.loads((case / "present.json").read_text())
    if "config" in stored:
        return order.wanted(read.config(migrate.upgraded(stored["config"])))
    return record.from_json(stored)

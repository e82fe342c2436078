"""The verbs by which a builder evaluates."""

from typing import Any

import pytest

from appliance.errors import Refused
from services.nix.remote.evaluator.request import verbs
from services.processes.privileges import Job
from tests.services.nix.remote.test_request import DRV, INSTALLED, KILN, OUT, STORE
from tests.services.nix.test_request import LOOK as HERE

LOOK = {**HERE, "trust": "mine"}


def job(verb: str, **args: Any) -> Job:
    found = verbs(STORE, lambda _: "s3cret")[verb]({"builder": KILN, **args}, INSTALLED)
    assert isinstance(found, Job)
    return found


def test_the_question_is_put_together_here() -> None:
    asked = job("evaluator-look", asked=LOOK, seconds=60)
    assert asked.user == "remote"
    assert asked.argv[-2] == "nixie-builder"
    assert '"ember"' in asked.argv[-1]
    assert asked.limits.seconds == 60
    assert (asked.stdin, asked.env["NIX_CONF_DIR"]) == (b"s3cret", "/tmp/none")
    assert job("evaluator-try").argv[-1] == "6 * 7"
    assert "nixosConfigurations" in job("evaluator-names", asked=LOOK).argv[-1]


def test_trees_go_there_and_derivations_come_home() -> None:
    assert job("evaluator-send", paths=[OUT]).argv[-3:] == ("--to", "ssh-ng://nixie-builder", OUT)
    assert job("evaluator-home", drvs=[DRV]).argv[-3:-1] == ("--from", "ssh-ng://nixie-builder")


@pytest.mark.parametrize(
    ("verb", "wrong"),
    [
        ("evaluator-look", {"asked": {**LOOK, "host": '"; x'}}),
        ("evaluator-look", {"asked": None}),
        ("evaluator-look", {"asked": {**LOOK, "trust": "stranger"}}),
        ("evaluator-names", {"asked": HERE}),
        ("evaluator-look", {"asked": LOOK, "seconds": 0}),
        ("evaluator-names", {"asked": {**LOOK, "path": "/etc"}}),
        ("evaluator-names", {"asked": LOOK, "builder": {**KILN, "host": "-oProxyCommand=id"}}),
        ("evaluator-names", {"asked": LOOK, "builder": None}),
        ("evaluator-send", {"paths": ["/etc"]}),
        ("evaluator-home", {"drvs": [OUT]}),
    ],
)
def test_nothing_is_taken_unchecked(verb: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        job(verb, **wrong)

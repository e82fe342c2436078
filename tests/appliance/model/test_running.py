from dataclasses import dataclass

import pytest

from appliance.model.running import behind, stand


@dataclass(frozen=True)
class Runs:
    generation: int
    served: str = "/nix/store/a"
    toplevel: str = "/nix/store/a"


@pytest.mark.parametrize(
    ("runs", "gets", "word"),
    [
        (Runs(5), 5, "in sync"),
        (Runs(5), 7, "behind"),
        (Runs(5), 4, "ahead"),
        (Runs(5), None, "in sync"),
        (Runs(5, toplevel="/nix/store/b"), 5, "drifted"),
        (Runs(5, toplevel="/nix/store/b"), 7, "drifted"),
    ],
)
def test_what_runs_against_what_would_be_served(runs: Runs, gets: int | None, word: str) -> None:
    assert stand(runs, gets) == word


def test_behind_counts_the_generations_there_are() -> None:
    assert behind(Runs(3), 7, (1, 3, 5, 7, 8)) == 2
    assert behind(Runs(7), 5, (5, 7)) == 0
    assert behind(Runs(7), None, (5, 7)) == 0

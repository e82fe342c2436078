from appliance.actions import sources
from appliance.actions.desk import Desk
from appliance.actions.source_choices import Choices, crowded, named_wrong, reached, wrong
from appliance.roles import FETCHERS
from tests.appliance.actions.conftest import OWNER

MINE = Choices("mine", allow_ifd=False, only_builders=False, interval_seconds=0)


def fields(choices: Choices) -> list[str]:
    return [str(one.where[0]) for one in wrong(choices)]


def test_a_stranger_never_builds_while_it_is_looked_at() -> None:
    assert fields(Choices("stranger", True, False, 0)) == ["allow_ifd"]
    assert fields(Choices("mine", True, False, 0)) == []


def test_what_a_look_builds_is_not_built_on_builders() -> None:
    assert fields(Choices("mine", True, True, 0)) == ["allow_ifd"]


def test_a_trust_is_one_of_two() -> None:
    assert fields(Choices("friend", False, False, 0)) == ["trust"]


def test_an_interval_is_none_or_a_minute_at_least() -> None:
    assert fields(MINE) == []
    assert fields(Choices("mine", False, False, 59)) == ["interval_seconds"]


def test_a_name_is_visible() -> None:
    assert named_wrong("hosts") == []
    assert named_wrong("a/b")
    assert named_wrong("a\nb")
    assert named_wrong(" ", needed=True)


def test_servers_are_kept_plain_once_each(desk: Desk) -> None:
    found, problems = reached(desk, [" 10.0.0.5", "10.0.0.5", "GIT.corp=10.0.0.6"])
    assert (found, problems) == (["10.0.0.5", "git.corp=10.0.0.6"], [])


def test_what_is_no_server_is_told_beside_its_place(desk: Desk) -> None:
    _, problems = reached(desk, ["10.0.0.5", "127.0.0.1"])
    assert [one.where for one in problems] == [("reach", 1)]


def test_only_so_many_sources_reach_somebody_at_home(desk: Desk) -> None:
    for number in range(len(FETCHERS)):
        sources.add_source(desk, OWNER, f"github:o/r{number}", reach=["10.0.0.5"])
    (problem,) = crowded(desk, "", "github:o/more", ["10.0.0.5"])
    assert problem.where == ("reach",)
    assert crowded(desk, "", "github:o/more", []) == []
    first = desk.reads.sources()[0]
    assert crowded(desk, first.id, first.url, ["10.0.0.6"]) == []

from pathlib import PurePosixPath

import pytest

from services.processes.cgroups.place import Bounds, Memory, groups, kills, memory, memory_files

ONE = "8:pids:/\n4:memory:/session/7\n1:cpu,cpuacct:/\n"
TWO = "0::/system.slice/nixie.service\n"
JOB = Bounds(1000, 5)
BUILDS = Bounds(1000, 5, weight=25, as_one=False)
ROOT = PurePosixPath("/sys/fs/cgroup")


def test_version_one_has_a_group_for_each_controller() -> None:
    (pids,), (memory,) = groups(ONE, "job", JOB)
    assert pids.folder == ROOT / "pids/job"
    assert pids.limits == (("pids.max", "5"),)
    assert memory.folder == ROOT / "memory/session/7/job"
    assert memory.limits == (("memory.limit_in_bytes", "1000"),)


def test_version_two_has_one_group_for_all() -> None:
    ((group, *_),) = groups(TWO, "job", JOB)
    assert group.folder == ROOT / "system.slice/nixie.service/job"
    assert dict(group.limits) == {"memory.max": "1000", "memory.oom.group": "1", "pids.max": "5"}


def test_in_version_two_the_groups_above_us_are_places_too() -> None:
    (places,) = groups(TWO, "job", JOB)
    assert [one.folder for one in places] == [
        ROOT / "system.slice/nixie.service/job",
        ROOT / "system.slice/job",
        ROOT / "job",
    ]


def test_a_lighter_group_gets_less_of_the_processor() -> None:
    assert groups(ONE, "builds", BUILDS)[2][0].limits == (("cpu.shares", "256"),)
    assert groups(TWO, "builds", BUILDS)[0][0].wishes == (("cpu.weight", "25"),)


def test_builds_do_not_all_end_when_one_takes_too_much() -> None:
    assert "memory.oom.group" not in dict(groups(TWO, "builds", BUILDS)[0][0].limits)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n", 1),
        ("low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\noom_group_kill 0\n", 0),
        ("oom_kill_disable 0\nunder_oom 1\noom_kill 3\n", 3),
        ("", 0),
    ],
)
def test_kills_for_memory_are_counted(text: str, said: int) -> None:
    assert kills(text) == said


def test_where_a_process_reads_how_its_memory_stands() -> None:
    assert memory_files(ONE) == (
        (
            ROOT / "memory/session/7/memory.limit_in_bytes",
            ROOT / "memory/session/7/memory.oom_control",
        ),
    )
    ((limit, events),) = memory_files(TWO)
    assert (limit.name, events.name) == ("memory.max", "memory.events")


@pytest.mark.parametrize("limit", ["max\n", "9223372036854771712\n"])
def test_a_group_without_a_limit_has_none(limit: str) -> None:
    assert memory(limit, "oom_kill 1\n") == Memory(None, 1)

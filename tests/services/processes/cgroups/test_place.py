from pathlib import PurePosixPath

import pytest

from services.processes.cgroups.place import groups, killed

ONE = "8:pids:/\n4:memory:/session/7\n1:cpu,cpuacct:/\n"
TWO = "0::/system.slice/nixie.service\n"


def test_version_one_has_a_group_for_each_controller() -> None:
    pids, memory = groups(ONE, "job", 1000, 5)
    assert pids.folder == PurePosixPath("/sys/fs/cgroup/pids/job")
    assert pids.limits == (("pids.max", "5"),)
    assert memory.folder == PurePosixPath("/sys/fs/cgroup/memory/session/7/job")
    assert memory.limits == (("memory.limit_in_bytes", "1000"),)


def test_version_two_has_one_group_for_all() -> None:
    (group,) = groups(TWO, "job", 1000, 5)
    assert group.folder == PurePosixPath("/sys/fs/cgroup/system.slice/nixie.service/job")
    assert dict(group.limits) == {"memory.max": "1000", "memory.oom.group": "1", "pids.max": "5"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n", True),
        ("low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\n", False),
        ("oom_kill_disable 0\nunder_oom 1\noom_kill 3\n", True),
        ("", False),
    ],
)
def test_a_kill_for_memory_is_read(text: str, said: bool) -> None:
    assert killed(text) is said

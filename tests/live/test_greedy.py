"""Greedy builds at a whole router: they fail with a sentence, and everything else goes on."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.processes.cgroups.driver import made, memory_of, removed
from services.processes.cgroups.place import Bounds, memory_files
from services.processes.driver import ability
from services.processes.privileges import bounded
from tests.live.bad_place import LEASE, Bad, bad
from tests.live.nix_place import NIX
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
    pytest.mark.xdist_group("greedy"),
]

WAY_OUT = (
    "needed more memory than the 1.0 GiB that all builds together may take here, and was stopped. "
    "Give the router more memory, or set NIXIE_BUILD_GIBIBYTES to let builds take more of it."
)


def has_groups() -> bool:
    """This system gives us control groups for memory and processes."""
    groups = made(Bounds(1 << 30, 100))
    removed(groups)
    return bool(groups)


needs_groups = pytest.mark.skipif(not has_groups(), reason="no control groups here")


@pytest.fixture(scope="module")
def here() -> Iterator[Bad]:
    with bad("greedy", NIXIE_BUILD_GIBIBYTES="1") as router:
        router.settled(router.add(router.url("greedy")))
        router.inside_lan("ip", "address", "add", "10.77.0.250/24", "dev", "switch")
        yield router


def failed(here: Bad, host: str) -> dict[str, Any]:
    """The build of a host, which has failed."""
    (source,) = here.router.client.get("/sources")
    build = here.built(f"{source['id']}/{host}")
    assert build["state"] == "failed"
    return build


def serves(here: Bad) -> bool:
    """A machine gets an address and its script."""
    here.inside_lan(*LEASE)
    script = here.inside_lan("curl", "-sS", "http://10.77.0.1/s/52-54-00-00-0b-0a")
    return script.startswith("#!ipxe") and here.router.client.get("/status")["leases"] > 0


@needs_groups
def test_a_build_that_takes_all_memory_says_how_much_it_may_have(here: Bad) -> None:
    pids = here.pids()
    build = failed(here, "hungry")
    assert build["what"] == f"squashfs-hungry {WAY_OUT}"
    assert build["what"] in here.page(f"/builds/{build['id']}")
    assert here.pids() == pids


@needs_groups
def test_processes_of_a_build_are_counted_together(here: Bad) -> None:
    assert failed(here, "crowd")["what"] == f"squashfs-crowd {WAY_OUT}"


@needs_groups
def test_a_build_of_processes_without_end_comes_to_one(here: Bad) -> None:
    pids = here.pids()
    build = failed(here, "many")
    assert build["what"].startswith("squashfs-many started more processes than all builds")
    assert "fork" in here.router.client.get(f"/builds/{build['id']}/log")["text"]
    assert here.pids() == pids


def test_machines_are_served_while_a_build_takes_all_memory(here: Bad) -> None:
    (source,) = here.router.client.get("/sources")
    host = f"{source['id']}/hungry"
    here.built(host)
    here.router.client.post(f"/hosts/{host}/build")

    def phase() -> bool:
        return "squashfs-hungry" in here.router.client.get("/builds", host=host)[0]["phase"]

    until(phase, "it takes memory")
    assert serves(here)


def test_the_next_build_is_done_by_the_same_daemon(here: Bad) -> None:
    (source,) = here.router.client.get("/sources")
    assert here.built(f"{source['id']}/ember")["state"] == "built"
    assert here.router.role("nix-daemon")["restarts"] == 0


@needs_groups
def test_builds_are_held_to_what_the_owner_says(here: Bad) -> None:
    told = memory_of(here.router.pid("nix-daemon"))
    assert told is not None
    assert (told.limit, told.kills > 0) == (1 << 30, True)


@needs_groups
def test_nothing_is_left_of_the_group_of_a_daemon_that_ended() -> None:
    with bad("groups") as router:
        pid = router.router.pid("nix-daemon")
        limit, _ = memory_files(Path(f"/proc/{pid}/cgroup").read_text())[0]
        assert Path(limit).exists()
    assert not Path(limit).exists()


def test_without_control_groups_one_process_still_gets_no_more() -> None:
    able = ability([0])
    words = ["/bin/dd", "if=/dev/zero", "of=/dev/null", "count=1"]
    small, large = (
        subprocess.run([*bounded(able, (), Bounds(200 << 20, 4_096)), *words, size], check=False)
        for size in ("bs=100M", "bs=300M")
    )
    assert (small.returncode, large.returncode) == (0, 1)

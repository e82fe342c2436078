"""Strangers' flakes that fill the disk: on a small one, most of which is taken."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.actions import sources
from appliance.events import SourceUnreadable, SourceWentTooFar
from appliance.model.storage import FULL
from appliance.roles import CONFINED
from appliance.store import storages
from services.nix.driver import room_on
from services.nix.room import full_below, stop_below
from tests.live.attack_room import BAD, GOOD, Attacked, Row, attacked, is_contained, of
from tests.live.nix_place import NIX, OWNER
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

MEBIBYTE = 1 << 20
FILLS: Mapping[str, Row] = {
    "evaluation-fills-the-disk": Row(BAD, "disk", "The disk of the store is full."),
    "archive-bomb": Row(BAD, "disk", "disk", inputs=True),
    "build-fills-the-disk": Row(GOOD, "disk", "The disk of the store is full.", "failed"),
}

LEAVES_LITTLE = "evaluation-leaves-little"


@pytest.fixture(scope="module")
def small() -> Iterator[Attacked]:
    """One whose store has a small disk, most of which is taken.

    Nix keeps 8 MiB for its garbage collector in reserve, which come and go: they are no flake's.
    """
    with attacked(store_bytes=640 * MEBIBYTE, min_free=0, max_free=0) as room:
        store = room.place.store.root
        taken = room_on(store)[0] - 48 * MEBIBYTE
        subprocess.run(["fallocate", "-l", str(taken), str(store / "taken")], check=True)
        yield room


def _evaluates(folder: str) -> bool:
    """Has a process of ours evaluated for two seconds already?"""
    words = ["ps", "-o", "pid=,times=", "-u", str(CONFINED["eval"][1])]
    shown = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    for pid, seconds in (line.split() for line in shown.splitlines()):
        with suppress(OSError):  # it is over
            told = Path(f"/proc/{pid}/environ").read_text()
            if int(seconds) >= 2 and folder in told:
                return True
    return False


def test_nix_keeps_its_reserve_while_an_evaluation_may_fill_the_disk(small: Attacked) -> None:
    here, store = small.place, small.place.store.root
    garbage = here.folder / "garbage"
    garbage.write_text("nobody keeps this")
    dead = Path(f"{store}{here.client('nix-store', '--add', str(garbage)).strip()}")
    source = small.add("evaluates-for-ever")
    until(lambda: _evaluates(str(here.folder)), "it is evaluated")
    with (store / "others").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room_on(store)[0] - 20 * MEBIBYTE)
    until(lambda: here.look(storages.storage).state == FULL, "the disk is seen to be full")
    time.sleep(5)  # it looks each second
    assert dead.exists()
    sources.remove_source(here.desk, OWNER, source)
    until(lambda: not dead.exists(), "what nobody keeps is collected when nobody evaluates")
    (store / "others").unlink()


@pytest.mark.parametrize("row", FILLS)
def test_it_does_not_fill_the_disk(small: Attacked, row: str) -> None:
    bomb = small.served / "bomb.tar.gz"
    if not bomb.exists():
        large = small.place.folder / "bomb"
        large.mkdir()
        subprocess.run(["truncate", "-s", "96M", str(large / "x")], check=True)
        words = ["tar", "-C", str(large.parent), "-czf", str(bomb), "bomb"]
        subprocess.run(words, check=True)
    source = small.add(row)
    is_contained(small, source, FILLS[row])

    def has_room() -> bool:
        free, size = room_on(small.place.store.root)
        return free > full_below(size)

    until(has_room, "what it took is free again")


def test_an_evaluation_that_leaves_too_little_is_ended_before_the_disk_is(small: Attacked) -> None:
    here = small.place
    told = here.flakes / "attacks" / LEAVES_LITTLE / "megabytes"
    here.collect_garbage()
    here.client("nix-store", "--add", str(told))  # Nix has its reserve again
    free, size = room_on(here.store.root)
    left = stop_below(size) // 2 + 3 * MEBIBYTE  # and as much for the flake itself
    told.write_text(str((free - left) // MEBIBYTE))
    source = small.add(LEAVES_LITTLE)
    is_contained(small, source, Row(BAD, "disk", "went while this was fetched or evaluated"))


def test_after_them_a_host_is_looked_at_as_before(small: Attacked) -> None:
    source = small.add("asks-the-environment")
    small.place.settled(source)
    (verdict,) = small.place.verdicts(source).values()
    assert verdict.kind == GOOD


def test_a_disk_that_others_filled_is_no_flakes_fault(small: Attacked) -> None:
    store = small.place.store.root
    for left in (6, 2):  # the second time what Nix has let go of its reserve, too
        small.place.collect_garbage()
        with (store / f"others-{left}").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, room_on(store)[0] - left * MEBIBYTE)
    source = small.add("reads-files")
    state = small.place.settled(source)
    for others in store.glob("others-*"):
        others.unlink()
    assert state.state == "unreadable"
    assert "nothing is fetched or evaluated until there is room" in state.what
    assert of(small, SourceWentTooFar, source) == []
    (told,) = of(small, SourceUnreadable, source)
    assert told.obstacle == "full-disk"

from pathlib import Path

import pytest

from appliance.events import BuildStepped, LinkMissing, LinkReturned, PoolEmpty
from appliance.store import boots, builds, journal, leases, trials
from appliance.store.journals import NotACursor, Told, newer, older, read_cursor
from appliance.store.open import writer
from appliance.store.reads import Reads

FILES = {"net": trials, "leases": leases, "build": builds, "boot": boots}


def say(state: Path, file: str, *at: float) -> None:
    """One event for each moment, in this order."""
    connection = writer(state / f"{file}.db", FILES[file].MIGRATIONS)
    with journal.transaction(connection):
        for moment in at:
            journal.append(connection, LinkMissing(file, f"{moment:g}"), moment)
    connection.close()


def named(told: tuple[Told, ...]) -> list[str]:
    return [f"{one.file}:{one.entry.at:g}" for one in told]


def test_files_are_woven_by_time(tmp_path: Path) -> None:
    say(tmp_path, "net", 1, 4)
    say(tmp_path, "leases", 2, 3)
    page = older(Reads(tmp_path), 10)
    assert named(page.told) == ["net:4", "leases:3", "leases:2", "net:1"]
    assert page.older is None


def test_paging_back_tells_everything_once(tmp_path: Path) -> None:
    say(tmp_path, "net", *range(0, 40, 2))
    say(tmp_path, "leases", *range(1, 40, 4))
    say(tmp_path, "build", 5, 5, 5)
    reads, seen, cursor = Reads(tmp_path), [], None
    for _ in range(20):
        page = older(reads, 4, cursor)
        seen += named(page.told)
        cursor = page.older
        if cursor is None:
            break
    assert len(seen) == 33
    assert sorted(seen) == sorted(named(older(reads, 100).told))
    times = [float(one.partition(":")[2]) for one in seen]
    assert times == sorted(times, reverse=True)


def test_a_clock_set_back_loses_nothing(tmp_path: Path) -> None:
    say(tmp_path, "net", 100, 101, 50, 51)
    say(tmp_path, "leases", 60, 61)
    reads = Reads(tmp_path)
    first = older(reads, 3)
    second = older(reads, 3, first.older)
    assert sorted(named((*first.told, *second.told))) == [
        "leases:60", "leases:61", "net:100", "net:101", "net:50", "net:51",
    ]  # fmt: skip
    say(tmp_path, "net", 10)
    assert named(newer(reads, 10, first.newer).told) == ["net:10"]


def test_following_tells_everything_once(tmp_path: Path) -> None:
    say(tmp_path, "net", 1)
    reads = Reads(tmp_path)
    cursor = older(reads, 1).newer
    say(tmp_path, "net", 2, 5)
    say(tmp_path, "boot", 3, 4)
    seen: list[str] = []
    for _ in range(4):
        page = newer(reads, 2, cursor)
        seen += reversed(named(page.told))
        cursor = page.newer
    assert seen == ["net:2", "boot:3", "boot:4", "net:5"]


def test_a_file_that_was_made_anew_is_followed_from_its_start(tmp_path: Path) -> None:
    say(tmp_path, "net", 1, 2, 3)
    reads = Reads(tmp_path)
    cursor = older(reads, 1).newer
    for one in tmp_path.glob("net.db*"):
        one.unlink()
    say(tmp_path, "net", 9)
    assert named(newer(reads, 10, cursor).told) == ["net:9"]


def test_kinds_and_a_moment_narrow_it(tmp_path: Path) -> None:
    connection = writer(tmp_path / "net.db", trials.MIGRATIONS)
    with journal.transaction(connection):
        for at, event in ((1, LinkMissing("lan", "a")), (2, LinkReturned("lan", "a"))):
            journal.append(connection, event, at)
        journal.append(connection, PoolEmpty("lan", "m"), 3)
    connection.close()
    reads = Reads(tmp_path)
    assert named(older(reads, 9, kinds={"LinkReturned"}).told) == ["net:2"]
    assert named(older(reads, 9, since=2).told) == ["net:3", "net:2"]
    assert named(newer(reads, 9, {"net": 1}, kinds={"PoolEmpty"}).told) == ["net:3"]


def test_events_of_a_newer_nixie_do_not_stop_the_way(tmp_path: Path) -> None:
    say(tmp_path, "net", 1)
    connection = writer(tmp_path / "net.db", trials.MIGRATIONS)
    for at in range(2, 30):
        connection.execute("INSERT INTO event (at, kind, body) VALUES (?, 'Novel', '{}')", (at,))
    journal.append(connection, BuildStepped("b", "ember", "building"), 40)
    connection.close()
    reads = Reads(tmp_path)
    assert named(older(reads, 5).told) == ["net:40", "net:1"]
    assert named(newer(reads, 5, {"net": 1}).told) == ["net:40"]


@pytest.mark.parametrize("text", ["", "net", "net:x", "passwd:1", "net:1,boot:2", "net:-1"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(NotACursor):
        read_cursor(text)

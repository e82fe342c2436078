"""The disk of the power-cut tests forgets as it should: quick, and no machine is started."""

from random import Random

from tests.vm.disk import SECTOR, Disk


def disk() -> Disk:
    return Disk(bytearray(16 * SECTOR))


def test_what_was_flushed_survives() -> None:
    one = disk()
    one.write(SECTOR, b"a" * SECTOR)
    assert one.flush()
    one.cut()
    one.restored(Random(1))
    assert one.read(SECTOR, SECTOR) == b"a" * SECTOR


def test_what_was_not_flushed_is_lost_sooner_or_later() -> None:
    one = disk()
    for number in range(16):
        one.write(number * SECTOR, b"a" * SECTOR)
    one.cut()
    one.restored(Random(1))
    assert 0 < one.lost < 16
    assert one.read(0, 16 * SECTOR).count(b"a") == (16 - one.lost) * SECTOR


def test_a_write_is_torn_at_sectors_only() -> None:
    for seed in range(50):
        one = disk()
        one.write(512, b"a" * 7 * SECTOR)
        one.cut()
        one.restored(Random(seed))
        kept = one.read(512, 8 * SECTOR).rstrip(b"\0")
        assert kept == b"a" * len(kept)
        assert len(kept) in (0, 7 * SECTOR) or (512 + len(kept)) % SECTOR == 0


def test_a_write_inside_a_sector_is_whole_or_lost() -> None:
    ends = set()
    for seed in range(50):
        one = disk()
        one.write(1024, b"a" * 1024)
        one.cut()
        one.restored(Random(seed))
        ends.add(one.read(0, SECTOR).count(b"a"))
    assert ends == {0, 1024}


def test_the_guest_reads_what_it_wrote() -> None:
    one = disk()
    one.write(0, b"a")
    assert one.read(0, 2) == b"a\0"


def test_a_cut_can_be_tried_on_a_copy() -> None:
    one = disk()
    one.write(0, b"a" * SECTOR)
    assert one.flush()
    for number in range(1, 16):
        one.write(number * SECTOR, b"b" * SECTOR)
    copy = one.as_cut_now(Random(1))
    assert copy.read(0, SECTOR) == b"a" * SECTOR
    assert copy.read(0, 16 * SECTOR).count(b"b") == (15 - copy.lost) * SECTOR
    assert 0 < copy.lost < 15
    assert one.read(15 * SECTOR, SECTOR) == b"b" * SECTOR
    assert one.flush()
    assert one.plates[15 * SECTOR] == ord("b")


def test_nothing_is_confirmed_once_the_power_is_gone() -> None:
    one = disk()
    one.write(0, b"a")
    one.cut()
    assert not one.flush()
    assert one.plates[0] == 0

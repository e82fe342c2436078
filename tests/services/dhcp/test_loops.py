from services.dhcp.loops import REMEMBERED, REST_SECONDS, Loops

MAC = b"\x52\x54\x00\x12\x34\x56"


def handed(loops: Loops, times: int, *, first: int = 0, now: float = 0.0) -> list[bool]:
    return [loops.handed(MAC, first + n, ladder=2, now=now + n) for n in range(times)]


def test_g64_the_third_loader_in_vain_moves_to_the_next_rung() -> None:
    loops = Loops()
    assert handed(loops, 3) == [False, False, True]
    assert loops.rung(MAC, now=3.0) == 1


def test_g64_at_the_end_of_the_ladder_a_machine_rests() -> None:
    loops = Loops()
    handed(loops, 3)
    handed(loops, 3, first=10, now=10.0)
    assert loops.rung(MAC, now=13.0) is None


def test_after_its_rest_a_machine_begins_at_the_first_rung() -> None:
    loops = Loops()
    handed(loops, 3)
    handed(loops, 3, first=10, now=10.0)
    assert loops.rung(MAC, now=13.0 + REST_SECONDS) == 0


def test_repeats_of_one_exchange_count_once() -> None:
    loops = Loops()
    for _ in range(5):
        loops.handed(MAC, xid=7, ladder=2, now=0.0)
    assert loops.rung(MAC, now=0.0) == 0


def test_loaders_spread_over_more_than_a_minute_are_no_loop() -> None:
    loops = Loops()
    for n in range(6):
        loops.handed(MAC, xid=n, ladder=2, now=n * 31.0)
    assert loops.rung(MAC, now=200.0) == 0


def test_a_loader_that_came_up_ends_the_count() -> None:
    loops = Loops()
    handed(loops, 2)
    loops.spoke(MAC)
    assert handed(loops, 2, first=10) == [False, False]


def test_the_rung_that_worked_is_remembered() -> None:
    loops = Loops()
    handed(loops, 3)
    loops.spoke(MAC)
    assert loops.rung(MAC, now=5000.0) == 1


def test_a_flood_of_macs_is_forgotten_oldest_first() -> None:
    loops = Loops()
    handed(loops, 3)
    for n in range(REMEMBERED):
        loops.handed(n.to_bytes(6, "big"), xid=1, ladder=2, now=4.0)
    assert loops.rung(MAC, now=5.0) == 0

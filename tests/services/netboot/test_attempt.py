from services.netboot.attempt import FIRST_KEPT, LAST_KEPT, Attempt, Step


def made() -> Attempt:
    return Attempt("b1", "lan", "52:54:00:00:77:01", "pxe-x64", 1.0)


def test_steps_are_numbered_in_the_order_they_came() -> None:
    attempt = made()
    for name in ("DISCOVER", "OFFER"):
        attempt.add(Step(0, "dhcp", name, 1.0))
    assert [(step.number, step.name) for step in attempt.steps] == [(1, "DISCOVER"), (2, "OFFER")]


def test_a_machine_that_never_stops_does_not_fill_the_disk() -> None:
    attempt = made()
    for _ in range(FIRST_KEPT + LAST_KEPT + 50):
        attempt.touch(attempt.add(Step(0, "dhcp", "DISCOVER", 1.0)))
    assert len(attempt.steps) == len(attempt.dirty) == FIRST_KEPT + LAST_KEPT


def test_of_too_many_steps_the_first_stay() -> None:
    attempt = made()
    for _ in range(FIRST_KEPT + LAST_KEPT + 50):
        attempt.add(Step(0, "dhcp", "DISCOVER", 1.0))
    numbers = [step.number for step in attempt.steps]
    assert numbers[:FIRST_KEPT] == list(range(1, FIRST_KEPT + 1))
    assert numbers[FIRST_KEPT:] == list(range(FIRST_KEPT + 51, FIRST_KEPT + LAST_KEPT + 51))
    assert attempt.dropped == set(range(FIRST_KEPT + 1, FIRST_KEPT + 51))


def test_a_step_that_was_dropped_is_not_stored_again() -> None:
    attempt = made()
    steps = [attempt.add(Step(0, "part", "initrd", 1.0)) for _ in range(FIRST_KEPT + LAST_KEPT + 1)]
    attempt.touch(steps[FIRST_KEPT])
    assert FIRST_KEPT + 1 not in attempt.dirty


def test_a_rate_is_bytes_a_second() -> None:
    step = Step(0, "loader", "x64/snponly.efi", 10.0)
    step.reaches(300_000, 10.5)
    assert (step.bytes, step.detail["rate"]) == (300_000, 600_000)


def test_an_end_that_was_reached_stays() -> None:
    attempt = made()
    attempt.end("up", 5.0)
    attempt.end("short", 9.0)
    assert (attempt.state, attempt.ended_at) == ("up", 5.0)


def test_the_row_is_a_copy() -> None:
    attempt = made()
    row = attempt.row()
    attempt.facts["uuid"] = "x"
    assert row.facts == {}

from services.netboot.attempt import STEPS_KEPT, Attempt, Step


def made() -> Attempt:
    return Attempt("b1", "lan", "52:54:00:00:77:01", "pxe-x64", 1.0)


def test_steps_are_numbered_in_the_order_they_came() -> None:
    attempt = made()
    for name in ("DISCOVER", "OFFER"):
        attempt.add(Step(0, "dhcp", name, 1.0))
    assert [(step.number, step.name) for step in attempt.steps] == [(1, "DISCOVER"), (2, "OFFER")]


def test_a_machine_that_never_stops_does_not_fill_the_disk() -> None:
    attempt = made()
    for _ in range(STEPS_KEPT + 50):
        attempt.touch(attempt.add(Step(0, "dhcp", "DISCOVER", 1.0)))
    assert len(attempt.steps) == STEPS_KEPT
    assert max(attempt.dirty) == STEPS_KEPT


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

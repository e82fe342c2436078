"""What a machine tells of the units it needs."""

from appliance.model.health import LINES_KEPT, Unit, last_lines, unwell


def test_a_unit_that_is_active_is_well() -> None:
    assert unwell("a.service=active") == ()


def test_a_unit_keeps_its_own_equals_sign() -> None:
    (one,) = unwell("dev-disk-by\\x2duuid=7.device=inactive")
    assert one == Unit("dev-disk-by\\x2duuid=7.device", "inactive")


def test_a_state_that_nobody_knows_is_said_as_it_is() -> None:
    assert Unit("a.service", "maintenance").said == "a.service is maintenance."


def test_a_failed_unit_is_said_by_name() -> None:
    assert Unit("a.service", "failed").said == "a.service failed."


def test_only_the_last_lines_are_kept() -> None:
    kept = last_lines("\n".join(f"line {n}" for n in range(100))).splitlines()
    assert (len(kept), kept[-1]) == (LINES_KEPT, "line 99")


def test_what_a_terminal_would_obey_is_dropped() -> None:
    assert last_lines("red \x1b[31m\x00 light\r\n") == "red [31m light"

from appliance.backoff import counted, pause_seconds


def test_pauses_double_up_to_a_minute() -> None:
    assert [pause_seconds(count) for count in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_many_failures_pause_no_longer() -> None:
    assert pause_seconds(10_000) == 60


def test_what_ran_for_ten_seconds_had_recovered() -> None:
    assert counted(5, 10.0) == 1


def test_what_ran_for_less_had_not() -> None:
    assert counted(5, 9.0) == 6

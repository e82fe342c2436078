from services.supervisor.child import Child, Patience, State, ending

PATIENCE = Patience(ready_seconds=30, beat_seconds=10)


def running(now: float = 100.0) -> Child:
    child = Child("dhcp", PATIENCE)
    child.started(7, now)
    child.heard(ready=True, now=now)
    return child


def test_a_new_child_is_due_to_start() -> None:
    assert Child("dhcp", PATIENCE).due(0.0) == "start"


def test_a_child_becomes_ready_once() -> None:
    child = Child("dhcp", PATIENCE)
    child.started(7, 100.0)
    assert child.heard(ready=True, now=101.0)
    assert not child.heard(ready=True, now=102.0)


def test_a_child_that_beats_is_left_alone() -> None:
    child = running()
    child.heard(ready=False, now=109.0)
    assert child.due(118.0) is None


def test_a_silent_child_is_killed() -> None:
    assert running().due(110.1) == "kill"


def test_a_child_may_take_longer_to_become_ready() -> None:
    child = Child("web", PATIENCE)
    child.started(7, 100.0)
    assert child.due(129.0) is None
    assert child.due(130.5) == "kill"


def test_a_child_that_a_signal_stopped_is_killed_after_a_second() -> None:
    child = running()
    child.seen(stopped=True, now=100.5)
    assert child.due(101.4) is None
    assert child.due(101.5) == "kill"
    assert child.silenced() == "It had been stopped by a signal for 1 s and was killed."


def test_a_child_that_goes_on_in_time_is_left_alone() -> None:
    child = running()
    child.seen(stopped=True, now=100.5)
    child.seen(stopped=False, now=101.0)
    assert child.due(101.6) is None


def test_what_stopped_an_earlier_run_does_not_count() -> None:
    child = running()
    child.seen(stopped=True, now=100.5)
    child.ended(137, 102.0)
    child.started(8, 102.0)
    assert child.due(103.5) is None


def test_a_daemon_that_does_not_beat_is_killed_when_a_signal_stopped_it() -> None:
    child = Child("radvd", PATIENCE, beats=False)
    child.started(7, 0.0)
    child.seen(stopped=True, now=50.0)
    assert child.due(51.0) == "kill"


def test_the_reason_of_a_kill_is_kept() -> None:
    child = running()
    child.silenced()
    child.ended(137, 111.0)
    assert child.why == "It had not given a sign of life for 10 s and was killed."


def test_the_reason_of_an_earlier_kill_is_not_kept() -> None:
    child = running()
    child.silenced()
    child.ended(137, 111.0)
    child.started(8, 112.0)
    child.ended(1, 113.0)
    assert child.why == "It ended with status 1."


def test_last_words_are_the_reason() -> None:
    child = running()
    child.said("net.db was written by a newer Nixie.")
    child.ended(1, 111.0)
    assert child.why == "net.db was written by a newer Nixie."


def test_last_words_of_an_earlier_run_are_not_kept() -> None:
    child = running()
    child.said("net.db was written by a newer Nixie.")
    child.ended(1, 111.0)
    child.started(8, 112.0)
    child.ended(1, 113.0)
    assert child.why == "It ended with status 1."


def test_a_process_that_does_not_beat_is_never_silent() -> None:
    child = Child("nix-daemon", PATIENCE, beats=False)
    child.started(7, 0.0)
    assert child.state is State.READY
    assert child.due(1e6) is None


def test_failures_are_paused_longer_and_longer() -> None:
    child, now, pauses = Child("dhcp", PATIENCE), 0.0, []
    for _ in range(8):
        child.started(7, now)
        now += 1
        pauses.append(child.ended(1, now))
        now += pauses[-1]
    assert pauses == [0, 1, 2, 4, 8, 16, 32, 60]


def test_the_first_time_it_is_started_again_at_once() -> None:
    child = running()
    assert child.ended(137, 111.0) == 0
    assert child.due(111.0) == "start"


def test_a_child_that_keeps_ending_is_started_after_its_pause() -> None:
    child = running()
    child.ended(1, 120.0)
    child.started(8, 120.0)
    child.ended(1, 121.0)
    assert child.due(121.5) is None
    assert child.due(122.0) == "start"


def test_a_child_that_ran_well_starts_its_pauses_anew() -> None:
    child = Child("dhcp", PATIENCE)
    for began, gone in ((0, 1), (2, 3), (10, 75)):
        child.started(7, began)
        pause = child.ended(1, gone)
    assert pause == 0


def test_a_child_stopped_on_purpose_did_not_fail() -> None:
    child = running()
    child.retire()
    assert child.ended(143, 101.0) is None
    assert child.failures == 0
    assert child.due(101.0) == "start"


def test_a_child_being_stopped_is_not_killed_for_silence() -> None:
    child = running()
    child.retire()
    assert child.due(1000.0) is None


def test_an_ending_is_said() -> None:
    assert ending(1) == "It ended with status 1."
    assert ending(139) == "It was ended by signal 11."


def test_without_last_words_the_last_line_of_the_log_is_the_reason() -> None:
    child = Child("web", PATIENCE)
    child.started(7, 100.0)
    child.ended(1, 101.0, "PermissionError: first.json")
    assert child.why == "It ended with status 1: PermissionError: first.json"


def test_what_was_killed_did_not_choose_its_last_line() -> None:
    child = running()
    child.ended(137, 111.0, "serving")
    assert child.why == "It was ended by signal 9."


def test_a_child_serves_as_long_as_it_beats() -> None:
    child = running(100.0)
    assert child.serves(103.0)
    assert not child.serves(103.1)
    child.heard(ready=False, now=103.2)
    assert child.serves(104.0)


def test_a_child_that_is_not_ready_serves_nobody() -> None:
    child = Child("dns", PATIENCE)
    assert not child.serves(0.0)
    child.started(7, 100.0)
    assert not child.serves(100.1)

import random

from appliance.trial import (
    NO_KEEP,
    RESTART,
    Act,
    Applied,
    Begun,
    Checked,
    Extend,
    Failed,
    Journalled,
    Keep,
    Phase,
    Refused,
    Restarted,
    Trial,
    Undo,
    What,
    Woken,
)

UNDO = (Act.PUT_BACK, Act.RECORD_UNDONE)


def pending(seconds: float = 90) -> Trial:
    """A trial applied at 100."""
    trial = Trial(7, "once", seconds)
    for what in (Checked(), Journalled(), Begun()):
        trial.happened(what, 99)
    trial.happened(Applied(), 100)
    return trial


def test_what_is_checked_is_journalled_before_anything_is_done() -> None:
    assert Trial(7, "once").happened(Checked(), 0) == (Act.JOURNAL,)


def test_only_what_is_on_disk_is_performed() -> None:
    trial = Trial(7, "once")
    trial.happened(Checked(), 0)
    assert trial.happened(Journalled(), 0) == (Act.PERFORM,)


def test_what_is_refused_is_recorded_with_its_reason() -> None:
    trial = Trial(7, "once")
    assert trial.happened(Refused("no"), 0) == (Act.RECORD_UNDONE,)
    assert (trial.phase, trial.why) == (Phase.UNDONE, "no")


def test_without_trial_time_it_is_kept_as_soon_as_it_stands() -> None:
    assert pending(0).phase is Phase.KEPT


def test_with_trial_time_it_waits_for_keep() -> None:
    assert pending(90).wake_at == 190


def test_keep_with_the_nonce_keeps_it() -> None:
    trial = pending()
    assert trial.happened(Keep("once"), 150) == (Act.RECORD_KEPT,)
    assert trial.wake_at is None


def test_keep_with_another_nonce_changes_nothing() -> None:
    trial = pending()
    assert trial.happened(Keep("twice"), 150) == ()
    assert trial.phase is Phase.PENDING


def test_keep_after_the_deadline_is_too_late() -> None:
    trial = pending()
    assert trial.happened(Keep("once"), 190) == UNDO


def test_without_keep_it_is_undone_at_the_deadline() -> None:
    trial = pending()
    assert trial.happened(Woken(), 189.9) == ()
    assert trial.happened(Woken(), 190) == UNDO
    assert trial.why == NO_KEEP


def test_more_time_is_counted_from_now() -> None:
    trial = pending()
    assert trial.happened(Extend(60), 180) == (Act.JOURNAL,)
    assert trial.wake_at == 240


def test_more_time_never_shortens_what_is_left() -> None:
    trial = pending()
    trial.happened(Extend(5), 100)
    assert trial.wake_at == 190


def test_undo_undoes_with_the_authors_reason() -> None:
    trial = pending()
    assert trial.happened(Undo("wrong cable"), 150) == UNDO
    assert trial.why == "wrong cable"


def test_a_step_that_failed_was_put_back_already() -> None:
    trial = Trial(7, "once")
    for what in (Checked(), Journalled(), Begun()):
        trial.happened(what, 0)
    assert trial.happened(Failed("no such device"), 0) == (Act.RECORD_UNDONE,)


def test_after_a_restart_an_unfinished_trial_is_undone() -> None:
    for phase in (Phase.JOURNALLED, Phase.APPLYING, Phase.PENDING):
        trial = Trial(7, "once", phase=phase)
        assert trial.happened(Restarted(), 0) == UNDO
        assert trial.why == RESTART


def test_after_a_restart_a_finished_trial_stays_as_it_is() -> None:
    for phase in (Phase.KEPT, Phase.UNDONE):
        assert Trial(7, "once", phase=phase).happened(Restarted(), 0) == ()


def test_whatever_happens_an_ended_trial_stays_ended() -> None:
    dice = random.Random(11)
    every: tuple[What, ...] = (
        *(Checked(), Journalled(), Begun(), Applied(), Woken(), Restarted(), Extend(9)),
        *(Refused("x"), Failed("x"), Keep("once"), Keep("twice"), Undo("x")),
    )
    for _ in range(500):
        trial, ended, now = Trial(7, "once", dice.choice((0, 5))), None, 0.0
        for _ in range(30):
            now += dice.random() * 3
            trial.happened(dice.choice(every), now)
            assert ended in (None, trial.phase)
            ended = trial.phase if trial.phase in (Phase.KEPT, Phase.UNDONE) else None

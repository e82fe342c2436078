from appliance.model.config import RouterConfig
from appliance.plan import order, record
from appliance.store.inventory_view import RevisionView
from appliance.store.trials import TrialRow
from appliance.trial import Applied, Keep, Phase, Trial
from services.net.aim import aim
from services.net.asked import Asked
from services.net.attempt import Attempt, Clocks


def test_time_is_left_once_a_change_waits_for_keep() -> None:
    machine = Trial(2, "change", 90, Phase.APPLYING)
    revision = RevisionView(2, "{}", "ada", 0.0)
    attempt = Attempt(machine, revision, aim(RouterConfig(()), (), 0), order.State())
    assert attempt.left(10.0) is None
    machine.happened(Applied(), 10.0)
    assert attempt.left(30.0) == 70.0


async def at_once() -> None:
    """No pause at all."""


def test_people_are_told_the_deadline_by_their_own_clock() -> None:
    machine = Trial(2, "change", 90, Phase.APPLYING)
    revision = RevisionView(2, "{}", "ada", 0.0)
    attempt = Attempt(machine, revision, aim(RouterConfig(()), (), 0), order.State())
    machine.happened(Applied(), 10.0)
    row = attempt.row(Phase.PENDING, Clocks(lambda: 5000.0, lambda: 30.0, at_once))
    assert (row.deadline, row.ends_at) == (100.0, 5070.0)


def test_what_a_restart_found_goes_on_as_it_was_written_down() -> None:
    aimed = aim(RouterConfig(()), (), 0)
    before = record.to_json(order.State())
    row = TrialRow(2, "pending", 0.0, 100.0, "{}", "change", "ada", "", before)
    found = Attempt.cut_off(row, aimed, Asked(7, "wish", "change", Keep("change")))
    assert (found.machine.phase, found.machine.nonce, found.wish) == (
        Phase.PENDING,
        "change",
        "wish",
    )
    assert found.left(10.0) is None  # the clock of that deadline is gone

import pytest

from appliance.actions import acts, changes
from appliance.actions.desk import Desk, catch_up
from appliance.actions.refusals import Unknown
from appliance.actions.sources import add_source
from appliance.errors import Refused
from appliance.store import people
from tests.appliance.actions.conftest import HELPER, OWNER
from tests.appliance.actions.test_changes import CONFIG


def test_with_nothing_done_there_is_nothing_to_take_back(desk: Desk) -> None:
    with pytest.raises(Unknown):
        acts.undo(desk, OWNER)


def test_an_act_is_taken_back_once(desk: Desk) -> None:
    done = add_source(desk, OWNER, "github:owner/hosts")
    acts.undo(desk, OWNER, done.act)
    with pytest.raises(Refused, match="before"):
        acts.undo(desk, OWNER, done.act)


def test_undo_means_ones_own_last_act(desk: Desk) -> None:
    add_source(desk, HELPER, "github:owner/hosts")
    with pytest.raises(Unknown):
        acts.undo(desk, OWNER)


def test_every_act_is_in_the_audit_once(desk: Desk) -> None:
    done = add_source(desk, OWNER, "github:owner/hosts")
    catch_up(desk)
    with people.looking(desk.people) as session:
        lines = [line for line in people.audited(session, "local", 50) if line.act == done.act]
    assert [(line.actor, line.verb) for line in lines] == [("owner", "add_source")]


def test_an_act_the_audit_missed_is_copied_at_the_next_start(desk: Desk) -> None:
    done = add_source(desk, OWNER, "github:owner/hosts")
    with desk.people.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit")
    catch_up(desk)
    with people.looking(desk.people) as session:
        assert [line.act for line in people.audited(session, "local", 50)] == [done.act]


def test_a_revision_is_not_taken_back_behind_the_networks_back(desk: Desk) -> None:
    done = changes.propose_revision(desk, OWNER, CONFIG)
    with pytest.raises(Refused, match="cannot be taken back"):
        acts.undo(desk, OWNER, done.act)

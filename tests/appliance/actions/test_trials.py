"""A change from the owner's desk to the network and back: the real keeper, a kernel of dicts."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from appliance.actions import acts, changes
from appliance.actions.desk import Desk
from appliance.actions.refusals import Clash, Forbidden, Unknown
from appliance.errors import Refused
from appliance.plan import order
from appliance.plan.links import Link
from appliance.store import trials
from appliance.store.follow import Follower
from appliance.store.open import writer
from appliance.trial import NO_KEEP
from hardware.inventory import Nic
from services.net.attempt import Clocks
from services.net.follow import read
from services.net.keeper import Keeper
from tests.appliance.actions.conftest import HELPER, OWNER, Clock
from tests.appliance.kernel_of_dicts import KernelOfDicts

LAN = {"name": "lan", "bridge": "br-lan", "ports": ["eth1"], "address": "10.77.0.1/24"}
HOME: dict[str, Any] = {"networks": [LAN]}
AWAY: dict[str, Any] = {"networks": [{**LAN, "address": "10.78.0.1/24"}]}


async def at_once() -> None:
    """No pause."""


class Network:
    """The net role, one look at a time."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self.kernel = KernelOfDicts(order.State(links={"eth1": Link(bridge=False, up=False)}))
        self.database = writer(state / "net.db", trials.MIGRATIONS)
        self.inventory = Follower(state / "nixie.db")
        clocks = Clocks(clock, clock, at_once)
        cards = (Nic("eth1", "52:54:00:00:00:01"),)
        self.keeper = Keeper(self.database, self.kernel, lambda: cards, clocks)

    def look(self) -> None:
        asyncio.run(self.keeper.look(read(self.inventory, self.keeper.asked)))

    @property
    def address(self) -> str:
        found = self.kernel.state.addresses.get("br-lan", frozenset({IPv4Interface("0.0.0.0")}))
        return ", ".join(str(one) for one in sorted(found, reverse=True))


@pytest.fixture
def network(desk: Desk, tmp_path: Path, clock: Clock) -> Iterator[Network]:
    del desk  # first: it makes nixie.db
    made = Network(tmp_path, clock)
    yield made
    made.inventory.close()
    made.database.close()


@pytest.fixture
def kept(desk: Desk, network: Network) -> Network:
    """A network with its first revision."""
    changes.propose_revision(desk, OWNER, HOME)
    network.look()
    return network


def proposed(desk: Desk, config: dict[str, Any] = AWAY, seconds: int = 90) -> str:
    """Propose; the id of the change."""
    wish = changes.propose_revision(desk, OWNER, config, seconds=seconds).wish
    assert wish
    return wish


def stands(desk: Desk) -> tuple[int, str]:
    change = changes.newest_change(desk)
    assert change
    return change.revision, change.state


def test_the_first_revision_is_kept_at_once(desk: Desk, network: Network) -> None:
    done = changes.propose_revision(desk, OWNER, HOME)
    assert done.wish is None
    network.look()
    assert network.address == "10.77.0.1/24"
    assert stands(desk) == (1, "kept")


def test_a_change_is_on_trial(desk: Desk, kept: Network, clock: Clock) -> None:
    change = proposed(desk, seconds=60)
    assert stands(desk) == (2, "on its way")
    kept.look()
    found = changes.newest_change(desk)
    assert found == changes.Change(change, 2, "on trial", "", clock.now + 60)
    assert kept.address == "10.78.0.1/24, 10.77.0.1/24"


def test_a_kept_change_stays(desk: Desk, kept: Network, clock: Clock) -> None:
    change = proposed(desk)
    kept.look()
    changes.keep(desk, OWNER, change)
    kept.look()
    clock.now += 1000
    kept.look()
    assert (stands(desk), kept.address) == ((2, "kept"), "10.78.0.1/24")


def test_keep_may_follow_before_the_network_has_looked(desk: Desk, kept: Network) -> None:
    changes.keep(desk, OWNER, proposed(desk))
    kept.look()
    assert stands(desk) == (2, "kept")


def test_a_change_that_nobody_keeps_is_undone(desk: Desk, kept: Network, clock: Clock) -> None:
    proposed(desk)
    kept.look()
    clock.now += 90
    kept.look()
    assert (stands(desk), kept.address) == ((2, "undone"), "10.77.0.1/24")
    found = changes.newest_change(desk)
    assert found
    assert found.why == NO_KEEP


def test_after_an_undo_the_next_change_starts_from_what_is_kept(desk: Desk, kept: Network) -> None:
    changes.take_back(desk, OWNER, proposed(desk))
    kept.look()
    present = changes.present(desk)
    assert present
    assert present.number == 1
    changes.propose_revision(desk, OWNER, {**HOME, "hostname": "ember"}, base=1)


def test_what_was_undone_can_be_proposed_again(desk: Desk, kept: Network) -> None:
    changes.take_back(desk, OWNER, proposed(desk))
    kept.look()
    again = changes.propose_revision(desk, OWNER, AWAY)
    assert (again.subject, again.wish is not None) == ("2", True)


def test_what_is_in_force_is_not_applied_again(desk: Desk, kept: Network) -> None:
    changes.take_back(desk, OWNER, proposed(desk))
    kept.look()
    done = changes.propose_revision(desk, OWNER, HOME)
    assert (done.what, done.wish) == ("Nothing differs from revision 1.", None)


@pytest.mark.parametrize("looked", [False, True], ids=["on its way", "on trial"])
def test_a_second_change_during_the_first_is_a_clash(
    desk: Desk, kept: Network, looked: bool
) -> None:
    proposed(desk)
    if looked:
        kept.look()
    with pytest.raises(Clash, match="Keep or undo it first"):
        changes.propose_revision(desk, OWNER, {**HOME, "hostname": "ember"})


def test_keep_of_an_older_change_is_a_clash(desk: Desk, kept: Network) -> None:
    older = proposed(desk)
    changes.take_back(desk, OWNER, older)
    kept.look()
    proposed(desk)
    kept.look()
    with pytest.raises(Clash, match=r"This change is over\. Revision 2 is on trial"):
        changes.keep(desk, OWNER, older)


def test_keep_that_comes_too_late_is_told_why(desk: Desk, kept: Network, clock: Clock) -> None:
    change = proposed(desk)
    kept.look()
    clock.now += 90
    kept.look()
    with pytest.raises(Clash, match="Revision 2 was undone already: Nobody pressed Keep"):
        changes.keep(desk, OWNER, change)


def test_without_any_change_there_is_nothing_to_keep(desk: Desk) -> None:
    with pytest.raises(Unknown):
        changes.keep(desk, OWNER, "none")


def test_a_trial_is_extended(desk: Desk, kept: Network, clock: Clock) -> None:
    change = proposed(desk, seconds=60)
    kept.look()
    clock.now += 50
    changes.extend(desk, OWNER, change, 90)
    kept.look()
    found = changes.newest_change(desk)
    assert found
    assert found.ends_at == clock.now + 90


@pytest.mark.parametrize("seconds", [4, 601])
def test_a_trial_has_bounds(desk: Desk, kept: Network, seconds: int) -> None:
    with pytest.raises(Refused, match="5 to 600"):
        proposed(desk, seconds=seconds)
    change = proposed(desk)
    kept.look()
    with pytest.raises(Refused, match="5 to 600"):
        changes.extend(desk, OWNER, change, seconds)


def test_an_older_kept_revision_is_put_on_trial(desk: Desk, kept: Network) -> None:
    changes.keep(desk, OWNER, proposed(desk))
    kept.look()
    change = changes.revert(desk, OWNER, 1).wish
    assert change
    kept.look()
    assert (stands(desk), kept.address) == ((1, "on trial"), "10.78.0.1/24, 10.77.0.1/24")
    changes.keep(desk, OWNER, change)
    kept.look()
    assert [(one.number, one.state) for one in changes.history(desk, OWNER)] == [
        (2, "kept"),
        (1, "in force"),
    ]


def test_nobody_goes_back_to_what_was_never_kept(desk: Desk, kept: Network) -> None:
    changes.take_back(desk, OWNER, proposed(desk))
    kept.look()
    with pytest.raises(Refused, match="Revision 2 was never kept"):
        changes.revert(desk, OWNER, 2)
    with pytest.raises(Refused, match="Revision 1 is in force already"):
        changes.revert(desk, OWNER, 1)
    with pytest.raises(Unknown, match="no revision 7"):
        changes.revert(desk, OWNER, 7)


def test_going_back_can_be_tried_again_after_an_undo(desk: Desk, kept: Network) -> None:
    changes.keep(desk, OWNER, proposed(desk))
    kept.look()
    for _ in range(2):
        back = changes.revert(desk, OWNER, 1).wish
        kept.look()
        assert back
        changes.take_back(desk, OWNER, back)
        kept.look()
    assert [row.state for row in changes.history(desk, OWNER)] == ["in force", "undone"]


def test_what_the_kernel_refuses_is_in_the_history(desk: Desk, kept: Network) -> None:
    guest = {"name": "guest", "bridge": "br-guest", "ports": [], "address": "10.79.0.1/24"}
    kept.kernel.state = order.State(
        links={**kept.kernel.state.links, "br-guest": Link(bridge=False, up=False)},
        addresses=kept.kernel.state.addresses,
    )
    proposed(desk, {"networks": [LAN, guest]})
    kept.look()
    newest, *_ = changes.history(desk, OWNER)
    assert (newest.number, newest.state) == (2, "refused")
    assert newest.why


def test_keeping_is_the_owners(desk: Desk, kept: Network) -> None:
    change = proposed(desk)
    kept.look()
    for forbidden in (changes.keep, changes.take_back, changes.extend):
        with pytest.raises(Forbidden):
            forbidden(desk, HELPER, change)


def test_a_proposal_is_not_taken_back_as_an_act(desk: Desk, kept: Network) -> None:
    done = changes.propose_revision(desk, OWNER, AWAY)
    kept.look()
    with pytest.raises(Refused, match="undo it while it is on trial, or revert"):
        acts.undo(desk, OWNER, done.act)


def test_a_lost_inventory_gets_the_revision_that_is_kept(desk: Desk, kept: Network) -> None:
    changes.keep(desk, OWNER, proposed(desk))
    kept.look()
    with desk.inventory.begin() as connection:
        connection.exec_driver_sql("DELETE FROM revision")
        connection.exec_driver_sql("DELETE FROM wish")
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
    changes.begin(desk, '{"networks": []}')
    kept.look()
    assert [one.number for one in changes.history(desk, OWNER)] == [2]
    assert kept.address == "10.78.0.1/24"
    change = proposed(desk, HOME)
    kept.look()
    assert stands(desk) == (3, "on trial")
    assert change


def test_a_fresh_router_gets_its_first_revision(desk: Desk, network: Network) -> None:
    changes.begin(desk, '{"networks": []}')
    changes.begin(desk, '{"networks": [], "hostname": "ember"}')
    network.look()
    assert [one.number for one in changes.history(desk, OWNER)] == [1]


def test_only_the_newest_events_of_the_inventory_stay(desk: Desk) -> None:
    with desk.inventory.begin() as connection:
        connection.exec_driver_sql("INSERT INTO event VALUES (1, 0, 'X', '{}')")
        connection.exec_driver_sql("INSERT INTO event VALUES (50001, 0, 'X', '{}')")
    changes.propose_revision(desk, OWNER, HOME)
    with closing(Follower(desk.reads.state / "nixie.db")) as follower:
        assert follower.connection
        rows = follower.connection.execute("SELECT seq FROM event ORDER BY seq").fetchall()
    assert rows == [(50001,), (50002,)]

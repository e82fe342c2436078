import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Gone, Unreachable
from appliance.events import (
    AddressLeft,
    ChangeRefused,
    DriftRepaired,
    Event,
    LinkMissing,
    LinkReturned,
    NetworkUnreachable,
    RevisionApplied,
    RevisionRefused,
    RevisionTried,
    RevisionUndone,
    TrialExtended,
)
from appliance.model.slices import HELD, LEFT, SERVED, TRIED
from appliance.model.way import Held, Learned, Lease
from appliance.plan import order, record
from appliance.plan.addresses import AddAddress, DropAddress
from appliance.plan.firewall import Refill
from appliance.plan.links import AddBridge, DropBridge, Link, SetMtu
from appliance.store import trials
from appliance.store.devices import DeviceRow, write_devices
from appliance.store.inventory_view import RevisionView
from appliance.store.journal import KEPT, read
from appliance.store.newcomers import settled
from appliance.store.open import writer
from appliance.trial import NO_KEEP, RESTART, Extend, Keep, Undo
from hardware.inventory import Nic
from services.net.aim import aim, checked
from services.net.asked import CUT_OFF, Apply, Asked, Inventory
from services.net.attempt import Clocks
from services.net.keeper import Keeper
from tests.appliance.kernel_of_dicts import KernelOfDicts

MIDNIGHT = 1_795_046_400.0  # of CLOCK_BOOTTIME, in Unix seconds
LAN: dict[str, Any] = {
    "name": "lan",
    "bridge": "br-lan",
    "ports": ["eth1"],
    "address": "10.77.0.1/24",
}
FIRST = RevisionView(1, json.dumps({"networks": [LAN], "schema": 1}), "ada", 0)
SECOND = RevisionView(
    2, json.dumps({"networks": [{**LAN, "address": "10.78.0.1/24"}], "schema": 1}), "ada", 0
)
BROKEN = RevisionView(3, '{"networks": [], "schema": 1, "colour": "red"}', "ada", 0)
HOME = AddAddress("br-lan", IPv4Interface("10.77.0.1/24"))
AWAY = AddAddress("br-lan", IPv4Interface("10.78.0.1/24"))


async def at_once() -> None:
    """No pause."""


@dataclass
class Box:
    """A keeper over a kernel made of dicts, with net.db on disk."""

    path: Path
    kernel: KernelOfDicts = field(default_factory=KernelOfDicts)
    nics: tuple[Nic, ...] = (Nic("eth1", "52:54:00:00:00:01"),)
    now: float = 10.0  # CLOCK_BOOTTIME
    wishes: int = 0
    midnight: float = MIDNIGHT  # as the clock has it
    held: float | None = 0.0  # when the last lease ends, Unix seconds
    learned: Learned = field(default_factory=Learned)  # of the provider

    def __post_init__(self) -> None:
        self.kernel.state = order.State(links={"eth1": Link(bridge=False, up=False)})
        self.restart()

    def restart(self) -> None:
        def last_end(_network: str, _subnet: IPv4Network) -> float | None:
            return self.held

        self.database: sqlite3.Connection = writer(self.path / "net.db", trials.MIGRATIONS)
        clocks = Clocks(lambda: self.midnight + self.now, lambda: self.now, at_once)
        self.keeper = Keeper(
            self.database,
            self.kernel,
            lambda: self.nics,
            clocks,
            last_end=last_end,
            learned=lambda: self.learned,
        )

    def look(self, newest: RevisionView | None = None, **machines: str) -> None:
        """Look at an inventory in which nobody asks for anything."""
        names = {mac: name for name, mac in machines.items()}
        asyncio.run(self.keeper.look(Inventory(newest, names, (), self.wishes)))

    def admit(self, *macs: str) -> None:
        """Look at an inventory in which these were let in."""
        asyncio.run(self.keeper.look(Inventory(None, {}, (), self.wishes, frozenset(macs))))

    def ask(self, *whats: Apply | Keep | Undo | Extend, change: str = "") -> str:
        """Look at an inventory with a wish or more; returns the id of the last one."""
        asked = []
        for what in whats:
            self.wishes += 1
            ident = f"wish-{self.wishes}"
            asked.append(Asked(self.wishes, ident, change or ident, what))
        asyncio.run(self.keeper.look(Inventory(None, {}, tuple(asked), self.wishes)))
        return ident

    def try_out(self, revision: RevisionView, seconds: float = 90) -> str:
        """Ask for a revision; the id of the change."""
        return self.ask(Apply(revision, seconds))

    def keep(self, revision: RevisionView) -> None:
        """Have a revision kept that is not the first."""
        change = self.try_out(revision)
        self.ask(Keep(change), change=change)

    def row(self) -> trials.TrialRow:
        row = trials.trial(self.database)
        assert row
        return row

    def told(self) -> list[Event]:
        return [entry.event for entry in read(self.database, 0)]

    def addresses(self) -> frozenset[IPv4Interface | IPv6Interface]:
        return self.kernel.state.addresses.get("br-lan", frozenset())


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_revision_is_kept_once_it_stands(box: Box) -> None:
    box.look(FIRST)
    kept = trials.kept(box.database)
    assert kept
    assert (kept.revision, box.addresses()) == (1, {HOME.address})


def test_an_applied_revision_is_told_with_its_steps(box: Box) -> None:
    box.look(FIRST)
    (applied,) = box.told()
    assert isinstance(applied, RevisionApplied)
    assert "Give br-lan the address 10.77.0.1/24." in applied.steps


def test_the_same_revision_is_not_applied_twice(box: Box) -> None:
    box.look(FIRST)
    performed = len(box.kernel.performed)
    box.look(FIRST)
    assert (len(box.kernel.performed), len(box.told())) == (performed, 1)


def test_the_slices_are_those_of_the_kept_revision(box: Box) -> None:
    box.look(FIRST)
    box.keep(SECOND)
    slices = trials.slices(box.database)
    assert slices
    assert (slices.revision, str(slices.boot[0].address)) == (2, "10.78.0.1/24")


def test_a_new_machine_is_published_without_a_revision(box: Box) -> None:
    box.look(FIRST)
    box.look(FIRST, ember="52:54:00:00:00:08")
    slices = trials.slices(box.database)
    assert slices
    assert slices.dns.machines == (("52:54:00:00:00:08", "ember"),)


def test_a_revision_with_problems_changes_nothing(box: Box) -> None:
    box.look(FIRST)
    wish = box.try_out(BROKEN)
    assert box.told()[1:] == [RevisionRefused(3, "There is no setting called colour.", wish)]
    assert box.addresses() == {HOME.address}


def test_a_first_revision_that_was_refused_is_not_tried_again(box: Box) -> None:
    for _ in range(3):
        box.look(BROKEN)
    assert len(box.told()) == 1


def test_what_the_kernel_refuses_is_put_back(box: Box) -> None:
    box.look(FIRST)
    box.kernel.refuses = AWAY
    wish = box.try_out(SECOND)
    assert box.told()[1:] == [RevisionRefused(2, "No such device.", wish)]
    assert box.addresses() == {HOME.address}


def test_a_later_revision_is_tried_after_a_refused_one(box: Box) -> None:
    box.kernel.refuses = AWAY
    box.look(SECOND)
    box.kernel.refuses = None
    box.look(replace(SECOND, number=4))
    assert box.addresses() == {AWAY.address}


def test_without_nixie_db_the_kept_revision_goes_on(box: Box) -> None:
    box.look(FIRST)
    asyncio.run(box.keeper.look(None))
    assert box.addresses() == {HOME.address}


def test_drift_is_repaired_and_told(box: Box) -> None:
    box.look(FIRST)
    box.kernel.state = replace(box.kernel.state, addresses={})
    box.look(FIRST)
    assert box.told()[1:] == [DriftRepaired("Give br-lan the address 10.77.0.1/24.")]


def test_a_repair_that_fails_is_told_once(box: Box) -> None:
    box.look(FIRST)
    box.kernel.state = replace(box.kernel.state, addresses={})
    box.kernel.refuses = HOME
    for _ in range(3):
        box.look(FIRST)
    assert box.told()[1:] == [NetworkUnreachable("No such device.")]
    assert box.keeper.failures == 3


def test_a_port_that_goes_and_comes_is_told(box: Box) -> None:
    box.look(FIRST)
    nics, box.nics = box.nics, ()
    box.look(FIRST)
    box.nics = nics
    box.look(FIRST)
    assert box.told()[1:] == [LinkMissing("lan", "eth1"), LinkReturned("lan", "eth1")]


def test_the_boxes_ports_are_written_down(box: Box) -> None:
    box.look(FIRST)
    assert trials.ports(box.database) == [trials.PortRow("eth1", "52:54:00:00:00:01", False, "lan")]


def test_after_a_restart_the_kept_revision_is_brought_back(box: Box) -> None:
    box.look(FIRST)
    box.kernel.state = order.State(links={"eth1": Link(bridge=False, up=False)})
    box.restart()
    asyncio.run(box.keeper.recover())
    assert box.addresses() == {HOME.address}


def test_after_a_restart_machines_keep_their_names_without_nixie_db(box: Box) -> None:
    box.look(FIRST, ember="52:54:00:00:00:08")
    box.restart()
    asyncio.run(box.keeper.recover())
    asyncio.run(box.keeper.look(None))
    slices = trials.slices(box.database)
    assert slices
    assert slices.dns.machines == (("52:54:00:00:00:08", "ember"),)


def cut_off(box: Box, revision: RevisionView, at: Callable[[order.Step], bool]) -> None:
    """Leave things as a kill -9 before the step `at` would: journalled and half done."""
    tried = aim(checked(revision.config), box.nics, 0.0)
    kept = trials.kept(box.database)
    scopes = [aim(checked(kept.config), box.nics, 0.0).wanted] if kept else []
    before = order.owned(box.kernel.state, order.together(tried.wanted, *scopes))
    trials.write_trial(
        box.database,
        trials.TrialRow(
            revision=revision.number,
            state="journalled",
            began_at=0,
            deadline=None,
            config=revision.config,
            nonce="once",
            author="ada",
            why="",
            before=record.to_json(before),
        ),
    )
    for step in order.steps(tried.wanted, before):
        if at(step):
            break
        box.kernel.carry_out(step)
    box.restart()


def test_a_change_cut_off_is_undone_towards_the_kept_revision(box: Box) -> None:
    box.look(FIRST)
    cut_off(box, SECOND, lambda step: type(step).__name__ == "DropAddress")
    assert box.addresses() == {HOME.address, AWAY.address}
    asyncio.run(box.keeper.recover())
    assert box.addresses() == {HOME.address}
    assert isinstance(box.told()[-1], RevisionUndone)


def wished(change: str, *whats: Apply | Keep | Undo | Extend) -> Inventory:
    """What nixie.db has when net comes back: these, unanswered."""
    asked = tuple(
        Asked(seq, f"late-{seq}", change or f"late-{seq}", what)
        for seq, what in enumerate(whats, 50)
    )
    return Inventory(None, {}, asked, 50 + len(asked))


def test_a_keep_that_was_confirmed_before_a_power_cut_counts(box: Box) -> None:
    box.look(FIRST)
    change = box.try_out(SECOND)
    box.kernel.state = order.State(links={"eth1": Link(bridge=False, up=False)})
    box.restart()
    asyncio.run(box.keeper.recover(wished(change, Keep(change))))
    assert (box.row().state, box.addresses()) == ("kept", {AWAY.address})
    assert box.told()[-1] == RevisionApplied(2, (), "late-50")
    box.restart()
    asyncio.run(box.keeper.recover())
    assert box.addresses() == {AWAY.address}


@pytest.mark.parametrize("whats", [(), (Extend(90),), (Undo("no"), Keep("{}")), (Keep("other"),)])
def test_without_such_a_keep_a_power_cut_undoes_it(
    box: Box, whats: tuple[Keep | Undo | Extend, ...]
) -> None:
    box.look(FIRST)
    change = box.try_out(SECOND)
    box.restart()
    named = [Keep(change) if what == Keep("{}") else what for what in whats]
    about = "other" if Keep("other") in whats else change
    asyncio.run(box.keeper.recover(wished(about, *named)))
    assert (box.row().state, box.row().why) == ("undone", RESTART)
    assert box.addresses() == {HOME.address}


def test_a_keep_counts_only_for_what_was_seen_to_work(box: Box) -> None:
    box.look(FIRST)
    cut_off(box, SECOND, lambda step: isinstance(step, DropAddress))
    asyncio.run(box.keeper.recover(wished("once", Keep("once"))))
    assert (box.row().state, box.addresses()) == ("undone", {HOME.address})


def test_a_change_that_had_not_begun_before_a_restart_does_not_begin(box: Box) -> None:
    box.look(FIRST)
    box.restart()
    asyncio.run(box.keeper.recover(wished("", Apply(SECOND, 90))))
    assert (box.keeper.asked, box.told()[-1]) == (50, ChangeRefused("late-50", CUT_OFF))
    box.look(SECOND)
    assert box.addresses() == {HOME.address}


def test_the_very_first_change_cut_off_leaves_the_box_as_it_was(box: Box) -> None:
    before = box.kernel.state
    cut_off(box, FIRST, lambda step: step == HOME)
    assert "br-lan" in box.kernel.state.links
    asyncio.run(box.keeper.recover())
    assert box.kernel.state.links == before.links
    assert not box.kernel.state.firewall.stands


def test_a_change_cut_off_stays_undone(box: Box) -> None:
    box.look(FIRST)
    cut_off(box, SECOND, lambda step: isinstance(step, AddBridge))
    asyncio.run(box.keeper.recover())
    box.look(SECOND)
    assert box.addresses() == {HOME.address}


def test_the_very_first_change_cut_off_is_tried_again(box: Box) -> None:
    cut_off(box, FIRST, lambda step: step == HOME)
    asyncio.run(box.keeper.recover())
    box.look(FIRST)
    assert box.addresses() == {HOME.address}


def test_a_first_revision_that_was_refused_hinders_no_restart(box: Box) -> None:
    box.look(BROKEN)
    box.restart()
    asyncio.run(box.keeper.recover())
    box.look(FIRST)
    assert box.addresses() == {HOME.address}


# ── on trial ─────────────────────────────────────────────────────────────────────────────────────


def test_a_later_revision_is_on_trial(box: Box) -> None:
    box.look(FIRST)
    wish = box.try_out(SECOND, 90)
    tried = box.told()[-1]
    assert isinstance(tried, RevisionTried)
    assert (tried.revision, tried.seconds, tried.wish) == (2, 90, wish)
    kept = trials.kept(box.database)
    assert kept
    assert (kept.revision, box.addresses()) == (1, {HOME.address, AWAY.address})
    assert (box.row().state, box.row().nonce, box.keeper.wake_at) == ("pending", wish, 100.0)
    assert (box.row().deadline, box.row().ends_at) == (100.0, MIDNIGHT + 100.0)


def test_without_keep_everything_is_back_at_the_deadline(box: Box) -> None:
    box.look(FIRST)
    box.try_out(SECOND, 90)
    box.now = 99.9
    box.look()
    assert AWAY.address in box.addresses()
    box.now = 100.0
    box.look()
    assert box.addresses() == {HOME.address}
    assert box.told()[-1] == RevisionUndone(2, NO_KEEP)
    assert trials.endings(box.database)[2].why == NO_KEEP
    assert box.keeper.wake_at is None


def test_keep_keeps_it(box: Box) -> None:
    box.look(FIRST)
    change = box.try_out(SECOND)
    wish = box.ask(Keep(change), change=change)
    box.now = 1000.0
    box.look()
    kept = trials.kept(box.database)
    assert kept
    assert (kept.revision, box.addresses()) == (2, {AWAY.address})
    applied = box.told()[-1]
    assert isinstance(applied, RevisionApplied)
    assert (applied.revision, applied.wish) == (2, wish)
    assert {row.state for row in trials.endings(box.database).values()} == {"kept"}


def test_keep_of_an_older_change_is_refused(box: Box) -> None:
    box.look(FIRST)
    older = box.try_out(SECOND)
    box.ask(Undo("Ada took it back."), change=older)
    box.try_out(SECOND)
    wish = box.ask(Keep(older), change=older)
    refused = box.told()[-1]
    assert isinstance(refused, ChangeRefused)
    assert (refused.wish, box.row().state) == (wish, "pending")


def test_undo_takes_it_back_with_its_reason(box: Box) -> None:
    box.look(FIRST)
    change = box.try_out(SECOND)
    wish = box.ask(Undo("Ada took it back."), change=change)
    assert box.addresses() == {HOME.address}
    assert box.told()[-1] == RevisionUndone(2, "Ada took it back.", wish)


def test_extending_moves_the_deadline(box: Box) -> None:
    box.look(FIRST)
    change = box.try_out(SECOND, 90)
    box.now = 80.0
    wish = box.ask(Extend(60), change=change)
    assert box.told()[-1] == TrialExtended(2, 60, wish)
    assert (box.keeper.wake_at, box.row().deadline, box.row().ends_at) == (
        140.0,
        140.0,
        MIDNIGHT + 140.0,
    )


def test_a_clock_that_is_set_moves_what_people_are_told_and_not_the_deadline(box: Box) -> None:
    box.look(FIRST)
    box.try_out(SECOND)
    told, events = box.row(), box.told()
    box.midnight += 3600
    box.look()
    assert (box.row().deadline, box.row().ends_at) == (told.deadline, (told.ends_at or 0) + 3600)
    assert box.told() == events
    box.midnight -= 7200
    box.now += 30
    box.look()
    assert (box.row().deadline, box.row().ends_at) == (told.deadline, (told.ends_at or 0) - 3600)
    box.now += 61
    box.look()
    assert (box.row().state, box.row().why) == ("undone", NO_KEEP)


def test_a_second_change_is_refused_while_one_is_on_trial(box: Box) -> None:
    box.look(FIRST)
    box.try_out(SECOND)
    wish = box.try_out(replace(FIRST, number=3))
    assert box.told()[-1] == ChangeRefused(wish, "Revision 2 is on trial. Keep or undo it first.")
    assert (box.row().revision, box.row().state) == (2, "pending")


def test_a_trial_cut_off_while_it_waits_is_undone(box: Box) -> None:
    box.look(FIRST)
    box.try_out(SECOND)
    box.restart()
    asyncio.run(box.keeper.recover())
    assert box.addresses() == {HOME.address}
    assert box.told()[-1] == RevisionUndone(2, RESTART)
    box.look(SECOND)
    assert box.addresses() == {HOME.address}


def test_a_wish_is_answered_once_across_a_restart(box: Box) -> None:
    box.look(FIRST)
    box.keep(SECOND)
    box.restart()
    assert box.keeper.asked == box.wishes


def test_wishes_of_a_new_inventory_are_heard(box: Box) -> None:
    box.look(FIRST)
    box.keep(SECOND)
    box.wishes = 0
    box.look(FIRST)
    box.keep(replace(FIRST, number=3))
    assert box.addresses() == {HOME.address}


def test_a_revision_that_was_undone_can_be_tried_again(box: Box) -> None:
    box.look(FIRST)
    change = box.try_out(SECOND)
    box.ask(Undo("no"), change=change)
    box.keep(SECOND)
    assert box.addresses() == {AWAY.address}


def test_an_older_revision_can_be_kept_again(box: Box) -> None:
    box.look(FIRST)
    box.keep(SECOND)
    box.keep(FIRST)
    kept = trials.kept(box.database)
    assert kept
    assert (kept.revision, box.addresses()) == (1, {HOME.address})


def test_a_revision_that_nobody_has_is_refused(box: Box) -> None:
    box.look(FIRST)
    wish = box.ask(Apply(None, 90))
    assert box.told()[-1] == ChangeRefused(wish, "There is no such revision any more.")


def test_drift_during_a_trial_is_repaired_towards_what_is_tried(box: Box) -> None:
    box.look(FIRST)
    box.try_out(SECOND)
    box.kernel.state = replace(box.kernel.state, addresses={})
    box.look()
    assert box.addresses() == {HOME.address, AWAY.address}
    assert box.told()[-1] == DriftRepaired("Give br-lan the address 10.78.0.1/24.")


POOL = {"pool": {"first": "10.77.0.100", "last": "10.77.0.199"}}
AWAY_POOL = {"pool": {"first": "10.78.0.100", "last": "10.78.0.199"}}


def moved(box: Box) -> str:
    """Put a LAN with DHCP on trial at another address; the change."""
    box.look(revision(1, {**LAN, "dhcp": POOL}))
    return box.try_out(revision(2, {**LAN, "address": "10.78.0.1/24", "dhcp": AWAY_POOL}))


def published(box: Box) -> list[tuple[str, int, str]]:
    slices = trials.slices(box.database)
    assert slices
    return [(str(one.address), one.lease_seconds, one.stage) for one in slices.dhcp]


def test_during_a_trial_the_new_network_is_served_for_a_minute_at_a_time(box: Box) -> None:
    moved(box)
    assert published(box) == [("10.78.0.1/24", 60, TRIED), ("10.77.0.1/24", 60, HELD)]


def test_a_network_that_does_not_change_keeps_its_leases_during_a_trial(box: Box) -> None:
    box.look(revision(1, {**LAN, "dhcp": POOL}))
    guest = {**LAN, "name": "guest", "bridge": "br-guest", "ports": [], "address": "10.79.0.1/24"}
    box.try_out(revision(2, {**LAN, "dhcp": POOL}, guest))
    assert published(box) == [("10.77.0.1/24", 43_200, SERVED)]


def test_during_a_trial_names_are_answered_at_both_addresses(box: Box) -> None:
    moved(box)
    slices = trials.slices(box.database)
    assert slices
    (lan,) = slices.dns.networks
    assert (str(lan.address), [str(one) for one in lan.stays]) == ("10.78.0.1/24", ["10.77.0.1/24"])


def test_after_keep_the_old_address_stays_while_somebody_holds_a_lease_there(box: Box) -> None:
    box.held = MIDNIGHT + 4_000.0  # 3,990 s from now
    box.ask(Keep(change := moved(box)), change=change)
    assert box.addresses() == {HOME.address, AWAY.address}
    assert published(box) == [("10.78.0.1/24", 43_200, SERVED), ("10.77.0.1/24", 60, LEFT)]
    box.held = 0.0
    box.look()
    assert box.addresses() == {AWAY.address}
    assert published(box) == [("10.78.0.1/24", 43_200, SERVED)]
    assert box.told()[-1] == AddressLeft("lan", "10.77.0.1")


def test_an_old_address_stays_no_longer_than_the_longest_lease(box: Box) -> None:
    box.held = 10**10
    box.ask(Keep(change := moved(box)), change=change)
    box.now += 43_199
    box.look()
    assert HOME.address in box.addresses()
    box.now += 1
    box.look()
    assert box.addresses() == {AWAY.address}


def test_an_old_address_outlasts_a_restart(box: Box) -> None:
    box.held = MIDNIGHT + 4_000.0
    box.ask(Keep(change := moved(box)), change=change)
    box.kernel.state = order.State(links={"eth1": Link(bridge=False, up=False)})
    box.restart()
    asyncio.run(box.keeper.recover())
    assert box.addresses() == {HOME.address, AWAY.address}


def test_an_old_address_whose_time_came_during_a_restart_is_taken_away(box: Box) -> None:
    box.held = MIDNIGHT + 4_000.0
    box.ask(Keep(change := moved(box)), change=change)
    box.restart()
    box.now += 10_000
    asyncio.run(box.keeper.recover())
    box.look()
    assert box.addresses() == {AWAY.address}
    assert trials.leaving(box.database) == ()


def test_an_old_address_that_the_kernel_keeps_is_taken_away_later(box: Box) -> None:
    box.held = MIDNIGHT + 4_000.0
    box.ask(Keep(change := moved(box)), change=change)
    box.held, box.kernel.refuses = 0.0, DropAddress("br-lan", HOME.address)
    box.look()
    assert HOME.address in box.addresses()
    box.kernel.refuses = None
    box.look()
    assert box.addresses() == {AWAY.address}


def test_when_leases_cannot_be_read_an_old_address_stays_for_the_longest(box: Box) -> None:
    box.held = None
    box.ask(Keep(change := moved(box)), change=change)
    box.look()
    assert HOME.address in box.addresses()


def test_an_address_that_is_leaving_stays_during_the_next_trial(box: Box) -> None:
    box.held = MIDNIGHT + 4_000.0
    box.ask(Keep(change := moved(box)), change=change)
    box.try_out(revision(3, {**LAN, "address": "10.80.0.1/24"}))
    third = IPv4Interface("10.80.0.1/24")
    assert box.addresses() == {HOME.address, AWAY.address, third}


def six(number: int, subnet: int) -> RevisionView:
    """A revision with that number, in which lan has that number among the IPv6 networks."""
    networks = [{**LAN, "ipv6": {"subnet": subnet}}]
    config = {"networks": networks, "ula": "fd12:3456:789a::/48", "schema": 1}
    return RevisionView(number, json.dumps(config), "ada", 0)


def by_ipv6(box: Box) -> set[str]:
    """Our addresses in the kernel, without the first of IPv4."""
    return {str(one.ip) for one in box.addresses()} - {"10.77.0.1"}


def announced(box: Box) -> dict[str, tuple[bool, bool]]:
    """Each prefix that devices are told of: is it to be used for something new, is it there?"""
    stored = trials.slices(box.database)
    assert stored
    return {
        str(one.prefix): (one.preferred_seconds > 0, one.valid_seconds > 0)
        for network in stored.ipv6.networks
        for one in network.prefixes
    }


OLD_SIX, NEW_SIX = "fd12:3456:789a::1", "fd12:3456:789a:7::1"
OLD_PART, NEW_PART = "fd12:3456:789a::/64", "fd12:3456:789a:7::/64"


def test_during_a_trial_both_ipv6_addresses_answer(box: Box) -> None:
    box.look(six(1, 0))
    box.try_out(six(2, 7))
    assert by_ipv6(box) == {OLD_SIX, NEW_SIX}


def test_during_a_trial_nothing_new_is_begun_in_the_old_prefix(box: Box) -> None:
    box.look(six(1, 0))
    box.try_out(six(2, 7))
    assert announced(box) == {NEW_PART: (True, True), OLD_PART: (False, True)}


def test_keep_takes_the_old_ipv6_address_away(box: Box) -> None:
    box.look(six(1, 0))
    box.keep(six(2, 7))
    assert by_ipv6(box) == {NEW_SIX}
    assert announced(box) == {NEW_PART: (True, True), OLD_PART: (False, False)}
    box.look()
    assert not any(isinstance(one, DriftRepaired | AddressLeft) for one in box.told())


def test_an_undo_leaves_the_old_ipv6_address_alone(box: Box) -> None:
    box.look(six(1, 0))
    change = box.try_out(six(2, 7))
    box.ask(Undo("Ada took it back."), change=change)
    assert by_ipv6(box) == {OLD_SIX}
    assert announced(box) == {OLD_PART: (True, True), NEW_PART: (False, False)}


def test_a_restart_during_a_trial_leaves_the_old_ipv6_address_alone(box: Box) -> None:
    box.look(six(1, 0))
    box.try_out(six(2, 7))
    box.restart()
    asyncio.run(box.keeper.recover())
    assert by_ipv6(box) == {OLD_SIX}


def test_after_an_undo_the_slices_are_those_before(box: Box) -> None:
    box.look(FIRST)
    before = trials.slices(box.database)
    change = box.try_out(SECOND)
    assert trials.slices(box.database) != before
    box.ask(Undo("no"), change=change)
    assert trials.slices(box.database) == before


def test_an_undo_goes_on_past_what_the_kernel_refuses(box: Box) -> None:
    box.look(FIRST)
    guest = {**LAN, "name": "guest", "bridge": "br-guest", "ports": [], "address": "10.79.0.1/24"}
    change = box.try_out(revision(2, {**LAN, "address": "10.78.0.1/24"}, guest))
    box.kernel.refuses = DropBridge("br-guest")
    box.ask(Undo("no"), change=change)
    assert box.addresses() == {HOME.address}
    assert "br-guest" in box.kernel.state.links
    assert isinstance(box.told()[-2], NetworkUnreachable)
    assert isinstance(box.told()[-1], RevisionUndone)
    box.kernel.refuses = None
    box.look()
    assert "br-guest" not in box.kernel.state.links


def test_only_the_newest_events_stay(box: Box) -> None:
    box.look(FIRST)
    box.database.execute(
        "INSERT INTO event VALUES (?, 0, 'DriftRepaired', '{\"what\": \"x\"}')", (KEPT + 1,)
    )
    box.look(FIRST)
    assert box.told() == [DriftRepaired("x")]


def revision(number: int, *networks: dict[str, Any]) -> RevisionView:
    return RevisionView(number, json.dumps({"networks": networks, "schema": 1}), "ada", 0)


# ── rules with times ─────────────────────────────────────────────────────────────────────────────

UNTIL = {
    "id": "a",
    "source": "lan",
    "destination": "router",
    "action": "drop",
    "until": int(MIDNIGHT) + 100,
}
TIMED = RevisionView(4, json.dumps({"networks": [LAN], "rules": [UNTIL], "schema": 2}), "ada", 0)


def comments(box: Box) -> set[str]:
    chains = box.kernel.state.firewall.chains.values()
    return {str(rule["comment"]) for chain in chains for rule in chain.rules}


def test_a_rule_that_is_over_leaves_the_kernel(box: Box) -> None:
    box.look(TIMED)
    assert "rule:a" in comments(box)
    box.now = 100.0  # the rule is over
    box.look()
    assert "rule:a" not in comments(box)


def test_a_rule_that_is_over_is_no_drift(box: Box) -> None:
    box.look(TIMED)
    box.now = 100.0
    box.look()
    assert not any(isinstance(one, DriftRepaired) for one in box.told())


def test_the_keeper_knows_when_a_rule_is_over(box: Box) -> None:
    assert box.keeper.changes_at is None
    box.look(TIMED)
    assert box.keeper.changes_at == MIDNIGHT + 100
    box.now = 100.0
    assert box.keeper.changes_at is None


def test_a_rule_that_was_over_before_a_restart_does_not_come_back(box: Box) -> None:
    box.look(TIMED)
    box.now = 100.0
    box.restart()
    asyncio.run(box.keeper.recover())
    assert "rule:a" not in comments(box)


def test_what_the_kernel_would_refuse_is_refused_before_a_trial_begins(box: Box) -> None:
    box.look(FIRST)
    box.kernel.performed.clear()
    box.kernel.unthinkable = Refill
    box.try_out(replace(TIMED, number=5))
    assert box.kernel.performed == []
    assert "The kernel knows no such rule." in box.row().why
    assert any(isinstance(one, RevisionRefused) for one in box.told())


GIVEN = Lease(
    IPv4Interface("203.0.113.5/24"),
    IPv4Address("203.0.113.1"),
    gateways=(IPv4Address("203.0.113.1"),),
)


def by_dhcp(box: Box) -> None:
    """A box whose way out is eth0, by DHCP; nothing is given yet."""
    box.nics = (*box.nics, Nic("eth0", "52:54:00:00:00:02"))
    box.kernel.state = replace(
        box.kernel.state,
        links={**box.kernel.state.links, "eth0": Link(bridge=False, up=False)},
    )
    config = {"networks": [LAN], "wan": {"port": "eth0"}, "schema": 2}
    box.look(RevisionView(1, json.dumps(config), "ada", 0))


def test_what_the_provider_gives_is_no_drift(box: Box) -> None:
    by_dhcp(box)
    box.learned = Learned(Held("eth0", GIVEN, 0.0, 0.0, "this run"))
    box.look()
    assert box.kernel.state.addresses["eth0"] == {GIVEN.address}
    assert not [one for one in box.told() if isinstance(one, DriftRepaired)]


def test_what_the_provider_takes_is_taken_away(box: Box) -> None:
    by_dhcp(box)
    box.learned = Learned(Held("eth0", GIVEN, 0.0, 0.0, "this run"))
    box.look()
    box.learned = Learned(None, (("eth0", GIVEN.address),))
    box.restart()  # it does not remember what it gave
    box.look()
    assert not box.kernel.state.addresses.get("eth0")
    assert not box.kernel.state.routes


def test_somebody_elses_address_on_the_internets_port_stays(box: Box) -> None:
    by_dhcp(box)
    other = IPv4Interface("192.0.2.9/24")
    addresses = {**box.kernel.state.addresses, "eth0": frozenset({other})}
    box.kernel.state = replace(box.kernel.state, addresses=addresses)
    box.learned = Learned(Held("eth0", GIVEN, 0.0, 0.0, "this run"))
    box.look()
    assert box.kernel.state.addresses["eth0"] == {other, GIVEN.address}


OPENED = RevisionView(
    2,
    json.dumps({"networks": [LAN], "wan": {"port": "eth0", "mtu": 1400}, "schema": 2}),
    "ada",
    0,
)


def loses_its_lease(box: Box, step: order.Step, error: Unreachable | None) -> None:
    """At that step what the provider gave goes away, as a session does when its cable changes."""

    def once(taken: order.Step) -> None:
        if taken == step and box.learned.held:
            box.learned = Learned(None, (("eth0", GIVEN.address),))
            if error:
                raise error
            box.kernel.carry_out(DropAddress("eth0", GIVEN.address))

    box.kernel.meanwhile = once


@pytest.mark.parametrize("error", [None, Gone("There is no interface called eth0 any more.")])
def test_a_change_under_which_the_session_ends_is_made_without_it(
    box: Box, error: Unreachable | None
) -> None:
    by_dhcp(box)
    box.learned = Learned(Held("eth0", GIVEN, 0.0, 0.0, "this run"))
    box.look()
    loses_its_lease(box, SetMtu("eth0", 1400), error)
    change = box.try_out(OPENED)
    assert box.row().state == "pending"
    assert not box.kernel.state.addresses.get("eth0")
    assert box.kernel.state.links["eth0"].mtu == 1400
    box.ask(Keep(change), change=change)
    assert box.row().state == "kept"


def test_a_link_that_never_stays_refuses_the_change_in_the_end(box: Box) -> None:
    by_dhcp(box)
    tried = []

    def never(step: order.Step) -> None:
        if isinstance(step, SetMtu):
            tried.append(step)
            raise Gone("There is no interface called eth0 any more.")

    box.kernel.meanwhile = never
    box.try_out(OPENED)
    assert box.row().state == "undone"
    assert (len(tried), box.row().why) == (5, "There is no interface called eth0 any more.")


HOLDS = RevisionView(
    2, json.dumps({"networks": [{**LAN, "newcomers": "quarantine"}], "schema": 2}), "ada", 0
)
OLD, NEW = "52:54:00:00:00:51", "52:54:00:00:00:52"


def meet(box: Box, mac: str) -> None:
    """It shows up on the LAN."""
    row = DeviceRow(mac, "lan", "", "", "", (), 1.0, 1.0, here=True)
    write_devices(box.database, [row], [])


def held_back(box: Box) -> str:
    """The filter's rules about newcomers, as text."""
    rules = box.kernel.state.firewall.chains["forward"].rules
    return str([one for one in rules if one["comment"] == "newcomers-lan"])


def test_who_is_there_when_newcomers_are_held_back_stays(box: Box) -> None:
    box.look(FIRST)
    meet(box, OLD)
    box.keep(HOLDS)
    meet(box, NEW)
    box.look()
    assert OLD in held_back(box)
    assert NEW not in held_back(box)


def test_a_newcomer_that_is_let_in_is_in_at_the_next_look(box: Box) -> None:
    box.look(FIRST)
    box.keep(HOLDS)
    box.admit(NEW)
    assert NEW in held_back(box)


def test_letting_somebody_in_is_no_drift(box: Box) -> None:
    box.look(FIRST)
    box.keep(HOLDS)
    box.admit(NEW)
    assert not [one for one in box.told() if isinstance(one, DriftRepaired)]


def test_who_was_let_in_stays_in_without_nixie_db(box: Box) -> None:
    box.look(FIRST)
    box.keep(HOLDS)
    box.admit(NEW)
    box.restart()
    asyncio.run(box.keeper.recover())
    assert NEW in held_back(box)


def test_an_undone_trial_holds_nobody_back(box: Box) -> None:
    box.look(FIRST)
    box.try_out(HOLDS, seconds=30)
    box.now += 31
    box.look()
    meet(box, NEW)
    assert held_back(box) == "[]"
    assert settled(box.database) == {}

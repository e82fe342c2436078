import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from appliance.events import (
    DriftRepaired,
    Event,
    LinkMissing,
    LinkReturned,
    NetworkUnreachable,
    RevisionApplied,
    RevisionRefused,
    RevisionUndone,
)
from appliance.plan import order, record
from appliance.plan.addresses import AddAddress
from appliance.plan.links import AddBridge, Link
from appliance.store import trials
from appliance.store.inventory_view import RevisionView
from appliance.store.journal import read
from appliance.store.open import writer
from hardware.inventory import Nic
from services.net.aim import aim, checked
from services.net.keeper import Clocks, Keeper
from tests.appliance.kernel_of_dicts import KernelOfDicts

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

    def __post_init__(self) -> None:
        self.kernel.state = order.State(links={"eth1": Link(bridge=False, up=False)})
        self.restart()

    def restart(self) -> None:
        self.database: sqlite3.Connection = writer(self.path / "net.db", trials.MIGRATIONS)
        clocks = Clocks(lambda: 1000.0, lambda: 10.0, at_once, lambda: "once")
        self.keeper = Keeper(self.database, self.kernel, lambda: self.nics, clocks)

    def look(self, newest: RevisionView | None, **machines: str) -> None:
        asyncio.run(self.keeper.look(newest, {mac: name for name, mac in machines.items()}))

    def told(self) -> list[Event]:
        return [entry.event for entry in read(self.database, 0)]

    def addresses(self) -> frozenset[IPv4Interface]:
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
    box.look(SECOND)
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
    box.look(BROKEN)
    assert box.told()[1:] == [RevisionRefused(3, "There is no setting called colour.")]
    assert box.addresses() == {HOME.address}


def test_a_refused_revision_is_not_tried_again(box: Box) -> None:
    for _ in range(3):
        box.look(BROKEN)
    assert len(box.told()) == 1


def test_what_the_kernel_refuses_is_put_back(box: Box) -> None:
    box.look(FIRST)
    box.kernel.refuses = AWAY
    box.look(SECOND)
    assert box.told()[1:] == [RevisionRefused(2, "No such device.")]
    assert box.addresses() == {HOME.address}


def test_a_later_revision_is_tried_after_a_refused_one(box: Box) -> None:
    box.kernel.refuses = AWAY
    box.look(SECOND)
    box.kernel.refuses = None
    box.look(replace(SECOND, number=4))
    assert box.addresses() == {AWAY.address}


def test_without_nixie_db_the_kept_revision_goes_on(box: Box) -> None:
    box.look(FIRST)
    box.look(None)
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
    asyncio.run(box.keeper.look(None, None))
    slices = trials.slices(box.database)
    assert slices
    assert slices.dns.machines == (("52:54:00:00:00:08", "ember"),)


def cut_off(box: Box, revision: RevisionView, at: Callable[[order.Step], bool]) -> None:
    """Leave things as a kill -9 before the step `at` would: journalled and half done."""
    tried = aim(checked(revision.config), box.nics)
    kept = trials.kept(box.database)
    scopes = [aim(checked(kept.config), box.nics).wanted] if kept else []
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


def test_the_very_first_change_cut_off_leaves_the_box_as_it_was(box: Box) -> None:
    before = box.kernel.state
    cut_off(box, FIRST, lambda step: step == HOME)
    assert "br-lan" in box.kernel.state.links
    asyncio.run(box.keeper.recover())
    assert box.kernel.state.links == before.links
    assert not box.kernel.state.firewall.stands


def test_a_change_cut_off_is_tried_again_when_it_is_still_the_newest(box: Box) -> None:
    box.look(FIRST)
    cut_off(box, SECOND, lambda step: isinstance(step, AddBridge))
    asyncio.run(box.keeper.recover())
    box.look(SECOND)
    assert box.addresses() == {AWAY.address}

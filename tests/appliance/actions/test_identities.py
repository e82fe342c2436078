"""The owner's say about who machines are: what is wished, what is refused."""

import json
from contextlib import closing

import pytest
from sqlmodel import Session, select

from appliance.actions import identities, machines
from appliance.actions.desk import Desk
from appliance.errors import Refused
from appliance.store import boots
from appliance.store import identities as store
from appliance.store.identities import Ask, Identity
from appliance.store.open import writer
from appliance.store.tables import Wish
from tests.appliance.actions.conftest import OWNER
from tests.appliance.model.test_identity import LINE

MAC = "52:54:00:00:77:01"


@pytest.fixture
def anvil(desk: Desk) -> str:
    return machines.add_machine(desk, OWNER, MAC, name="anvil").subject


def view(desk: Desk) -> tuple[str, bool]:
    (one,) = desk.reads.machines()
    return one.machine_id, one.keeps_identity


def wished(desk: Desk) -> list[tuple[str, dict[str, str]]]:
    with Session(desk.inventory) as session:
        rows = session.exec(select(Wish)).all()
    return [(one.kind, json.loads(one.body)) for one in rows if one.role == "boot"]


def waits(desk: Desk, machine: str, code: str) -> None:
    at = desk.now()
    row = Ask("b1", machine, "lan", MAC, "", "", b"", code, "waiting", "", at, at)
    with closing(writer(desk.reads.state / "boot.db", boots.MIGRATIONS)) as file:
        store.save_ask(file, row)


def test_a_machine_keeps_its_id_until_it_is_renewed(desk: Desk, anvil: str) -> None:
    first, keeps = view(desk)
    machines.rename_machine(desk, OWNER, anvil, "hammer")
    assert (view(desk)[0], keeps) == (first, False)
    identities.renew_machine_id(desk, OWNER, anvil)
    assert view(desk)[0] != first
    assert len(first) == len(view(desk)[0]) == 32


def test_whether_it_asks_is_said_per_machine(desk: Desk, anvil: str) -> None:
    identities.act_on(desk, OWNER, anvil, "keep")
    assert view(desk)[1]
    identities.act_on(desk, OWNER, anvil, "leave")
    assert not view(desk)[1]


@pytest.mark.parametrize("act", ["approve", "refuse"])
@pytest.mark.parametrize("typed", ["681312", "681 312"])
def test_a_code_that_is_shown_now_is_wished(desk: Desk, anvil: str, act: str, typed: str) -> None:
    waits(desk, anvil, "681312")
    identities.act_on(desk, OWNER, anvil, act, typed)
    assert wished(desk) == [(f"{act}-identity", {"machine": anvil, "code": "681312"})]


@pytest.mark.parametrize("act", ["approve", "refuse"])
def test_another_code_is_refused_with_the_one_there_is(desk: Desk, anvil: str, act: str) -> None:
    waits(desk, anvil, "681312")
    with pytest.raises(Refused, match="681 312"):
        identities.act_on(desk, OWNER, anvil, act, "111111")
    assert wished(desk) == []


def test_another_machines_code_is_refused(desk: Desk, anvil: str) -> None:
    waits(desk, "another", "681312")
    with pytest.raises(Refused, match="but nothing"):
        identities.act_on(desk, OWNER, anvil, "approve", "681312")


def test_only_what_is_known_is_forgotten(desk: Desk, anvil: str) -> None:
    with pytest.raises(Refused, match="not known by a key"):
        identities.act_on(desk, OWNER, anvil, "forget")
    with closing(writer(desk.reads.state / "boot.db", boots.MIGRATIONS)) as file:
        store.save(file, Identity(anvil, "disk", LINE, "", 1.0))
    identities.act_on(desk, OWNER, anvil, "forget")
    assert wished(desk) == [("forget-identity", {"machine": anvil})]


def test_another_word_is_refused(desk: Desk, anvil: str) -> None:
    with pytest.raises(Refused, match="keep, leave, approve"):
        identities.act_on(desk, OWNER, anvil, "steal")

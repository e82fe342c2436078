"""What the owner decides about generations, in boot.db."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from appliance.events import Event, GenerationChosen, IdentityDecided, MachineWoken, WishRefused
from appliance.generations import FAILURES
from appliance.model.slices import BootNetwork
from appliance.model.table import table_to_json
from appliance.store import generations, journal, wakes, wishes
from appliance.store.open import now
from appliance.store.secrets.open import Secrets
from services.netboot.decided.driver import Decided
from services.netboot.driver import Recorder
from services.netboot.follow import WISH_SECONDS, World
from services.netboot.identity.driver import Identities
from tests.services.netboot.made import MAC, STRANGER, image, table

NEW, OLD = image(number=2), image(number=1)
HOST = "s1/ember"
WISHES = (
    "CREATE TABLE wish (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, account TEXT, author TEXT,"
    " role TEXT, kind TEXT, body TEXT, at REAL)"
)


class Owner:
    """Who wishes, and the role that hears it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "published").mkdir()
        told = json.dumps(table_to_json(table(NEW, OLD)))
        (place / "published/table.json").write_text(told)
        self.begins_anew()
        self.recorder = Recorder(place / "boot.db")
        self.role = self.started()

    def begins_anew(self) -> None:
        """nixie.db is lost and made again."""
        (self.place / "nixie.db").unlink(missing_ok=True)
        with closing(sqlite3.connect(self.place / "nixie.db")) as file:
            file.execute(WISHES)

    def started(self) -> Decided:
        names = ("published", "leases.db", "net.db", "nixie.db")
        self.world = World(*(self.place / name for name in names))
        self.world.look_at_table()
        self.identities = Identities(self.recorder, Secrets(self.place / "secrets/boot"))
        return Decided(self.world, self.recorder, self.identities)

    def wishes(self, kind: str, *, role: str = "boot", age: float = 0.0, **fields: str) -> None:
        with closing(sqlite3.connect(self.place / "nixie.db")) as file, file:
            file.execute(
                "INSERT INTO wish (id, role, kind, body, at) VALUES (?, ?, ?, ?, ?)",
                (f"w-{kind}", role, kind, wishes.body(role, kind, **fields), now() - age),
            )
        self.role.hear(now())

    def told(self) -> list[Event]:
        return [entry.event for entry in journal.read(self.recorder.connection, 0)]


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    made = Owner(tmp_path)
    yield made
    made.world.close()
    made.recorder.close()


def test_a_pin_holds_and_is_answered(owner: Owner) -> None:
    owner.wishes("pin", host=HOST, image=OLD.id)
    assert owner.recorder.standings.pins == {HOST: OLD.id}
    said = "ember serves generation 1 until it is unpinned."
    assert owner.told() == [GenerationChosen(HOST, said, "w-pin")]


def test_an_unpinned_host_serves_its_newest(owner: Owner) -> None:
    owner.wishes("pin", host=HOST, image=OLD.id)
    owner.wishes("unpin", host=HOST)
    assert owner.recorder.standings.pins == {}


def test_rolling_back_sets_an_image_aside_with_its_pin(owner: Owner) -> None:
    owner.wishes("pin", host=HOST, image=NEW.id)
    owner.wishes("set-aside", host=HOST, image=NEW.id)
    stands = owner.recorder.standings
    assert (stands.pins, stands.state(NEW.id, "good")) == ({}, "bad")


def test_rolling_back_takes_the_specialisations_along(owner: Owner) -> None:
    told = table(NEW, OLD, specialisations={"gaming": "gaming-image"})
    owner.world.table = told
    owner.wishes("set-aside", host=HOST, image=NEW.id)
    assert owner.recorder.standings.state("gaming-image", "trial") == "bad"
    owner.wishes("try-again", host=HOST, image=NEW.id)
    assert owner.recorder.standings.aside == frozenset()


def test_a_bad_one_is_on_trial_again(owner: Owner) -> None:
    for _ in range(FAILURES):
        generations.count_failure(owner.recorder.connection, NEW.id, "m1", "b1", now())
    owner.wishes("set-aside", host=HOST, image=NEW.id)
    owner.wishes("try-again", host=HOST, image=NEW.id)
    assert owner.recorder.standings.state(NEW.id, "trial") == "trial"


@pytest.mark.parametrize("fields", [{"host": HOST}, {"host": "s1/gone"}])
def test_what_is_gone_is_refused(owner: Owner, fields: dict[str, Any]) -> None:
    owner.wishes("pin", image="0" * 64, **fields)
    (refused,) = owner.told()
    assert isinstance(refused, WishRefused)
    assert refused.wish == "w-pin"


def test_wishes_of_other_roles_are_left_alone(owner: Owner) -> None:
    owner.wishes("build", role="build", host=HOST)
    assert owner.told() == []


def test_a_wish_is_heard_once_over_a_restart(owner: Owner) -> None:
    owner.wishes("pin", host=HOST, image=OLD.id)
    owner.started().hear(now())
    assert len(owner.told()) == 1


def test_a_database_made_anew_is_listened_to(owner: Owner) -> None:
    for _ in range(3):
        owner.wishes("pin", host=HOST, image=OLD.id)
    owner.begins_anew()
    owner.wishes("unpin", host=HOST)
    assert owner.recorder.standings.pins == {}


def test_a_backups_old_wishes_are_not_done_again(owner: Owner) -> None:
    for _ in range(3):
        owner.wishes("unpin", host=HOST)
    owner.begins_anew()
    owner.wishes("pin", host=HOST, image=OLD.id, age=WISH_SECONDS + 1)
    assert owner.recorder.standings.pins == {}
    owner.wishes("pin", host=HOST, image=NEW.id)
    assert owner.recorder.standings.pins == {HOST: NEW.id}


def test_what_the_disk_refuses_is_done_when_it_does_not(owner: Owner) -> None:
    owner.recorder.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.OperationalError):
        owner.wishes("pin", host=HOST, image=OLD.id)
    assert owner.recorder.standings.pins == {}
    owner.recorder.connection.execute("PRAGMA query_only = 0")
    owner.role.hear(now())
    assert owner.recorder.standings.pins == {HOST: OLD.id}


def test_a_decision_outlives_the_inventory(owner: Owner) -> None:
    owner.wishes("pin", host=HOST, image=OLD.id)
    (owner.place / "nixie.db").unlink()
    owner.recorder.close()
    owner.recorder = Recorder(owner.place / "boot.db")
    assert owner.recorder.standings.pins == {HOST: OLD.id}


def test_a_table_without_the_host_answers_too(owner: Owner) -> None:
    owner.world.table = replace(owner.world.table, hosts={})
    owner.wishes("unpin", host=HOST)
    assert isinstance(owner.told()[0], WishRefused)


def test_waking_a_machine_reaches_each_of_its_cards(owner: Owner) -> None:
    sent: list[tuple[str, tuple[str, ...]]] = []
    owner.role = Decided(
        owner.world,
        owner.recorder,
        owner.identities,
        lambda network, macs: sent.append((network.name, tuple(macs))),
    )
    owner.world.networks = {
        "br-lan": BootNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24")),
        "br-iot": BootNetwork("iot", "br-iot", IPv4Interface("10.78.0.1/24")),
    }
    told = owner.world.table
    owner.world.table = replace(told, macs={MAC: "m1", f"iot|{STRANGER}": "m1"})
    owner.wishes("wake", machine="m1")
    assert sent == [("lan", (MAC,)), ("iot", (MAC, STRANGER))]
    assert owner.told() == [
        MachineWoken("m1", "A packet went out on lan and iot to wake anvil.", "w-wake")
    ]


def test_a_packet_that_could_not_be_sent_says_why(owner: Owner) -> None:
    def refused(_network: BootNetwork, _macs: object) -> None:
        raise OSError(100, "Network is down")

    owner.role = Decided(owner.world, owner.recorder, owner.identities, refused)
    owner.world.networks = {"br-lan": BootNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"))}
    owner.wishes("wake", machine="m1")
    why = "The packet could not be sent on lan: Network is down."
    assert owner.told() == [WishRefused("w-wake", why)]
    assert wakes.every(owner.recorder.connection)["m1"].why == why


def test_a_wish_about_an_identity_is_answered_with_the_machines_name(owner: Owner) -> None:
    owner.wishes("forget-identity", machine="m1")
    said = "The identity of anvil is forgotten."
    assert owner.told() == [IdentityDecided("m1", said, "w-forget-identity")]

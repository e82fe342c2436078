"""The door to a desk: opens both books and the secrets below a state directory."""

from dataclasses import replace
from pathlib import Path

from appliance.actions.access import KNOWN_SECONDS, reopen_claim
from appliance.actions.desk import Actor, Desk, catch_up
from appliance.actions.passwords import Passwords
from appliance.actions.patience import Patience
from appliance.errors import Unreachable
from appliance.faults import Fault, no_fault
from appliance.steady import Watched
from appliance.store import people
from appliance.store.migrations.open import inventory_engine, is_lasting, people_engine
from appliance.store.open import new_id, now, uptime
from appliance.store.reads import Reads
from appliance.store.secrets.open import Secrets, random_bytes


def open_desk(state: Path, passwords: Passwords | None = None, fault: Fault = no_fault) -> Desk:
    """Open STATE for the one process that writes nixie.db and access.db.

    On a disk that can only be read it shows what there is, and changes nothing.  Raises Unreachable
    when a newer Nixie wrote them, or they cannot be written.
    """
    known_people = people_engine(state)
    desk = Desk(
        inventory=inventory_engine(state),
        people=known_people,
        reads=Reads(state),
        secrets=Secrets(state / "secrets" / "web"),
        passwords=passwords or Passwords(),
        patience=Patience(),
        now=now,
        clock=Watched(uptime, now),
        new_id=new_id,
        random=random_bytes,
        fault=fault,
        lasting=is_lasting(known_people),
    )
    with people.writing(desk.people) as session:
        people.first_rows(session)
        people.bring_near(session, now())
        people.drop_old_sessions(session, now())
        known = people.known_addresses(session, now() - KNOWN_SECONDS)
    catch_up(desk)
    return replace(desk, patience=Patience(known))


def reopened_claim(state: Path) -> str:
    """A new claim code for the router in STATE; every user, session and token before it is ended.

    For root at the console: the web role may run or not.  Raises Unreachable when no router has
    started there, so that nothing is made that its roles could not write.
    """
    if not (state / "access.db").exists():
        raise Unreachable(f"No router has started in {state}. Name its state directory.")
    desk = open_desk(state)
    try:
        return reopen_claim(desk, Actor("this box", people.SCOPES["admin"], "local"))
    finally:
        desk.close()

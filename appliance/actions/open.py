"""The door to a desk: opens both books and the secrets below a state directory."""

from pathlib import Path

from appliance.actions.desk import Desk, catch_up
from appliance.actions.passwords import Passwords
from appliance.actions.patience import Patience
from appliance.faults import Fault, no_fault
from appliance.store import people
from appliance.store.migrations.open import inventory_engine, people_engine
from appliance.store.open import new_id, now
from appliance.store.reads import Reads
from appliance.store.secrets.open import Secrets, random_bytes


def open_desk(state: Path, passwords: Passwords | None = None, fault: Fault = no_fault) -> Desk:
    """Open STATE for the one process that writes nixie.db and access.db.

    Raises Unreachable when a newer Nixie wrote them, or they cannot be written.
    """
    desk = Desk(
        inventory=inventory_engine(state),
        people=people_engine(state),
        reads=Reads(state),
        secrets=Secrets(state / "secrets" / "web"),
        passwords=passwords or Passwords(),
        patience=Patience(),
        now=now,
        new_id=new_id,
        random=random_bytes,
        fault=fault,
    )
    with people.writing(desk.people) as session:
        people.first_rows(session)
        people.drop_old_sessions(session, now())
    catch_up(desk)
    return desk

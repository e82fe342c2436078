from pathlib import Path

from sqlmodel import Session, col, select, text

from appliance.store import people
from appliance.store.migrations.open import people_engine
from appliance.store.tables import Audit


def refused(session: Session, at: float) -> None:
    people.audit(
        session,
        at=at,
        account="local",
        actor="lena",
        actor_kind="user",
        actor_id="",
        address="10.77.0.9",
        verb="login",
        what="The password is wrong.",
        outcome="refused",
    )


def test_the_audit_keeps_its_newest_lines(tmp_path: Path) -> None:
    engine = people_engine(tmp_path)
    with Session(engine) as session:
        refused(session, 1.0)
        refused(session, 2.0)
        session.execute(text(f"UPDATE audit SET seq = {people.AUDIT_KEPT + 1} WHERE at = 2.0"))
        session.execute(text(f"UPDATE sqlite_sequence SET seq = {people.AUDIT_KEPT + 1}"))
        session.expire_all()
        refused(session, 3.0)
        session.commit()
        assert list(session.exec(select(Audit.at).order_by(col(Audit.at)))) == [2.0, 3.0]
    engine.dispose()

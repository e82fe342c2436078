from contextlib import closing
from pathlib import Path

from appliance.store import boots, wakes
from appliance.store.open import writer
from appliance.store.wakes import WakeRow


def test_the_last_one_of_each_machine_is_kept(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        wakes.save(connection, WakeRow("m1", 1.0, ("lan",)))
        wakes.save(connection, WakeRow("m1", 2.0, (), "why"))
        assert wakes.every(connection) == {"m1": WakeRow("m1", 2.0, (), "why")}


def test_only_the_newest_stay(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        for number in range(wakes.WAKES_KEPT + 2):
            wakes.save(connection, WakeRow(f"m{number}", float(number), ("lan",)))
        wakes.prune(connection)
        assert "m1" not in wakes.every(connection)
        assert len(wakes.every(connection)) == wakes.WAKES_KEPT

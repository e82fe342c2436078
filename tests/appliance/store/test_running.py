from contextlib import closing
from dataclasses import replace
from pathlib import Path

from appliance.store import boots, running
from appliance.store.open import writer
from appliance.store.running import RunningRow

ROW = RunningRow("lan", "52:54:00:00:77:01", "b1", "s1/ember", 3, "/a", "/a", 1.0, "hash")


def test_a_machines_newest_boot_says_what_it_runs(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        running.save(connection, ROW)
        running.save(connection, replace(ROW, boot="b2", generation=4))
        assert running.of_boot(connection, "b1") is None
        assert running.of_boot(connection, "b2") == replace(ROW, boot="b2", generation=4)
        assert len(running.every(connection)) == 1


def test_only_the_newest_stay(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        for number in range(running.RUNNING_KEPT + 1):
            running.save(connection, replace(ROW, mac=f"m{number}", at=float(number)))
        running.prune(connection)
        found = {row.mac for row in running.every(connection)}
        assert (len(found), "m0" in found) == (running.RUNNING_KEPT, False)

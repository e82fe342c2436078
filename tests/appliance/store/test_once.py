from contextlib import closing
from pathlib import Path

from appliance.store import boots, once
from appliance.store.once import OnceRow
from appliance.store.open import writer


def test_only_the_newest_are_remembered(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        for number in range(once.ONCE_KEPT + 2):
            once.save(connection, OnceRow(f"o{number}", "install", "spent", "b", float(number)))
        once.prune(connection)
        found = once.every(connection)
    assert (len(found), "o0" in found, "o2" in found) == (once.ONCE_KEPT, False, True)

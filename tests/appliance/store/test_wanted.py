from contextlib import closing
from pathlib import Path

from appliance.store import boots, wanted
from appliance.store.open import writer


def test_the_last_machine_to_wait_says_since_when(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS)) as connection:
        wanted.save(connection, "s1/ember", 1.0)
        wanted.save(connection, "s1/ember", 2.0)
        assert wanted.every(connection) == {"s1/ember": 2.0}

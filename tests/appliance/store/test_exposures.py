from contextlib import closing
from pathlib import Path

from appliance.model.exposure import Finding
from appliance.model.outside import Socket
from appliance.store import exposures, trials
from appliance.store.open import writer

FOUND = Finding("heard tcp 22", "what.", "todo.")
SHELL = Socket("tcp", "0.0.0.0", 22, "", "", 0)


def test_what_was_found_stays_until_it_is_over(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as net:
        assert exposures.exposures(net) == ()
        exposures.write_exposures(net, [FOUND], [], 1.0)
        assert exposures.exposures(net) == (FOUND,)
        exposures.write_exposures(net, [], [FOUND], 2.0)
        assert exposures.exposures(net) == ()


def test_nobody_known_is_not_nobody_looked(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as net:
        assert exposures.known(net) is None
        exposures.write_known(net, [])
        assert exposures.known(net) == frozenset()
        exposures.write_known(net, [SHELL])
        assert exposures.known(net) == {SHELL}

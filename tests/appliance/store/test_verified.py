from ipaddress import IPv6Address
from pathlib import Path

from appliance.store import trials
from appliance.store.open import writer
from appliance.store.verified import verified, write_verified

PAIR = ("52:54:00:12:34:56", IPv6Address("fd12::5054:ff:fe12:3456"))


def test_what_answered_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = writer(tmp_path / "net.db", trials.MIGRATIONS)
    write_verified(file, {PAIR, (PAIR[0], IPv6Address("2001:db8::1"))})
    write_verified(file, {PAIR})
    assert verified(file) == {PAIR}
    file.close()

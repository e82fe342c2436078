"""Who is told to have filled the disk, and who only ran while it was full."""

import pytest

from services.nix.guard.driver import FULL, Short
from services.nix.room import full_below, stop_below

MIB = 1 << 20
SIZE = 256 * MIB
FAIR = full_below(SIZE) - stop_below(SIZE)


def test_what_took_much_of_the_disk_has_filled_it() -> None:
    found = Short(MIB, SIZE, FAIR).answer
    assert (found.reason, found.obstacle, found.good) == ("disk", "", False)
    assert "while 1 MiB were left" in found.what


@pytest.mark.parametrize("used", [0, FAIR - 1])
def test_what_took_little_of_it_has_not(used: int) -> None:
    found = Short(MIB, SIZE, used).answer
    assert (found.reason, found.obstacle, found.good) == ("refused", FULL, False)
    assert found.what.startswith("1 MiB are left on the disk of the store")

"""What `make run` shows who begins with the README: the lab's own machine boots, and it is said."""

import pytest

from tests.live.standing import standing
from tests.live.waiting import until
from tests.vm.conftest import shelf
from tests.vm.lab import BOOT_SECONDS, BUILD_SECONDS

pytestmark = pytest.mark.vm


def test_the_machine_of_the_demonstration_boots() -> None:
    with standing("demo", shelf(), more=("--demo",)) as router:
        log = router.home / "lab.log"
        seconds = BUILD_SECONDS + BOOT_SECONDS
        until(lambda: "booted: " in log.read_text(), "it is said what became of it", seconds)
        said = log.read_text()
    assert "booted: crucible-1 crucible " in said
    assert "not booted: " not in said
    assert "nixie: its claim code is " in said

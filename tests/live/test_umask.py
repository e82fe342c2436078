"""A first start by somebody whose umask lets nobody in."""

from pathlib import Path

import pytest

from tests.live.standing import made, print_logs, removed

pytestmark = pytest.mark.live


@pytest.mark.parametrize("umask", [0o077, 0o027])
def test_a_router_starts_whatever_the_umask(umask: int) -> None:
    router = made("umask")
    router.umask = umask
    try:
        router.start()
        assert router.client.get("/config")["number"] == 1
        assert "Umask:\t0027" in Path(f"/proc/{router.pid('web')}/status").read_text()
    except BaseException:
        print_logs(router)
        raise
    finally:
        router.stop()
        removed(router)

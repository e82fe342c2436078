"""What the owner asks of the way out."""

from pathlib import Path

import pytest

from appliance.actions import internet
from appliance.actions.desk import Desk
from appliance.actions.refusals import Forbidden
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.wan import Wan
from appliance.plan.slices import cut
from appliance.store import trials
from appliance.store.open import writer
from appliance.store.trials import PortRow
from tests.appliance.actions.conftest import HELPER, VIEWER

PORTS = (
    PortRow("enp1s0", "02:00:00:00:00:01", True, "wan"),
    PortRow("enp2s0", "02:00:00:00:00:02", True, "lan"),
    PortRow("enp3s0", "02:00:00:00:00:03", False, None),
)


@pytest.fixture
def router(desk: Desk, tmp_path: Path) -> Desk:
    """A desk beside a net role that has published."""
    file = writer(tmp_path / "net.db", trials.MIGRATIONS)
    trials.publish(file, cut(RouterConfig((), Wan("enp1s0")), 1, {}), 0.0)
    trials.write_ports(file, PORTS, 0.0)
    file.close()
    return desk


def test_a_renewal_is_asked_of_the_port_in_force(router: Desk) -> None:
    done = internet.renew(router, HELPER)
    assert done.wish
    wish = router.reads.wish(done.wish)
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("wan", "renew", {"link": "enp1s0"})


def test_a_search_leaves_the_lans_ports_alone(router: Desk) -> None:
    done = internet.search(router, HELPER)
    assert done.wish
    wish = router.reads.wish(done.wish)
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("wan", "probe", {"ports": "enp1s0 enp3s0"})


def test_without_a_port_nobody_is_asked(desk: Desk) -> None:
    with pytest.raises(Refused, match="Find its cable first"):
        internet.renew(desk, HELPER)
    with pytest.raises(Refused, match="there is none to try"):
        internet.search(desk, HELPER)


def test_who_may_only_look_asks_nobody(router: Desk) -> None:
    with pytest.raises(Forbidden):
        internet.search(router, VIEWER)

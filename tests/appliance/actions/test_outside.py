"""Looks from outside: who may have one, and how the newest is judged."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import changes, outside
from appliance.actions.desk import Desk
from appliance.errors import Refused
from appliance.events import OutsideRefused, OutsideSilent
from appliance.model.config import RouterConfig
from appliance.model.outside import Heard, Seen
from appliance.model.read import to_json
from appliance.model.wan import Wan
from appliance.plan.slices import cut
from appliance.store import journal, trials
from appliance.store.open import writer
from tests.appliance.actions.conftest import HELPER, OWNER
from tests.appliance.model.firewall_home import HOME

SEEN = Seen(True, 412, ("192.0.2.2/24",), (Heard("tcp", "192.0.2.2", 22, "open"),), ())


@pytest.fixture
def router(desk: Desk, tmp_path: Path) -> Desk:
    """A desk beside a net role that has published, and that was looked at a moment ago."""
    changes.begin(desk, None)
    changes.propose_revision(desk, OWNER, to_json(HOME))
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as file:
        trials.publish(file, cut(replace(HOME, wan=Wan("enp1s0")), 1, {}), 0.0)
        trials.write_outside(file, SEEN, 100.0)
    return desk


def test_a_look_is_a_wish_to_net(router: Desk) -> None:
    done = outside.look(router, HELPER)
    assert done.wish
    wish = router.reads.wish(done.wish)
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("net", "outside", {"link": "enp1s0"})


def test_without_a_port_to_the_internet_nobody_can_look(desk: Desk, tmp_path: Path) -> None:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as file:
        trials.publish(file, cut(RouterConfig(()), 1, {}), 0.0)
    with pytest.raises(Refused, match="no port to the internet"):
        outside.look(desk, HELPER)


def test_the_newest_look_is_judged_by_what_is_in_force(router: Desk) -> None:
    found = outside.newest(router, 200.0)
    assert found
    assert (found.wrong, found.bare, found.older) == (SEEN.heard, (), False)
    assert found.config.wan
    assert found.config.wan.port == "enp1s0"


def test_a_look_from_before_the_last_keep_is_older(router: Desk, tmp_path: Path) -> None:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as file:
        trials.write_kept(file, trials.Kept(1, "{}", 101.0))
    found = outside.newest(router, 200.0)
    assert found
    assert found.older


def test_only_the_newest_try_says_why_not(router: Desk, tmp_path: Path) -> None:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as file:
        journal.append(file, OutsideRefused("w", "Nobody came."), 1.0)
        assert outside.why_not(router).endswith("Nobody came.")
        journal.append(file, OutsideSilent("w", 412), 2.0)
    assert outside.why_not(router) == ""

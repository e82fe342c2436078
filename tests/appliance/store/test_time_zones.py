"""The router's time zone, as the build role reads it."""

import json
from pathlib import Path

from appliance.model.config import RouterConfig
from appliance.model.slices import to_json
from appliance.plan.slices import cut
from appliance.store import trials
from appliance.store.open import writer
from appliance.store.time_zones import time_zone


def test_the_zone_is_the_one_that_net_published(tmp_path: Path) -> None:
    file = writer(tmp_path / "net.db", trials.MIGRATIONS)
    assert time_zone(file) is None
    told = to_json(cut(RouterConfig((), time_zone="Europe/Helsinki"), 1, {}))
    file.execute("INSERT INTO slice VALUES (1, 1, ?, 0)", (json.dumps(told),))
    assert time_zone(file) == "Europe/Helsinki"
    file.execute("UPDATE slice SET body = '{}'")
    assert time_zone(file) is None
    file.close()

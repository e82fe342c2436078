"""What each figure of `nixie bench` is meant to be."""

import re
from pathlib import Path

from appliance.cli.bench import WANTED

BENCHES = Path(__file__).parents[3] / "services/bench"


def test_every_work_says_what_is_wanted() -> None:
    text = "".join(one.read_text() for one in BENCHES.glob("*/driver.py"))
    places = (one.parent.name for one in BENCHES.glob("*/driver.py"))
    rooms = "|".join((*(one.replace("_", "-") for one in places), "lan"))
    named = set(re.findall(rf'"((?:{rooms})-[a-z0-9-]+)"', text))
    named |= set(re.findall(r'(?:compared\(|"work": )"([a-z]+)"', text))
    assert named | {"memory"} == set(WANTED)

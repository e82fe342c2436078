"""What each figure of `nixie bench` is meant to be."""

import re
from pathlib import Path

from appliance.cli.bench import WANTED

BENCHES = Path(__file__).parents[3] / "services/bench"


def test_every_work_says_what_is_wanted() -> None:
    text = "".join(one.read_text() for one in BENCHES.glob("*/driver.py"))
    named = set(re.findall(r'"((?:dns|tftp|boot-http|firewall|lan|source|build)-[a-z0-9-]+)"', text))
    named |= set(re.findall(r'(?:compared\(|"work": )"([a-z]+)"', text))
    assert named | {"memory"} == set(WANTED)

"""What `nixie change export` prints, evaluated by real Nix."""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.model import nix, read
from appliance.model.exchange import exported, imported
from tests.appliance.model.everything import EVERYTHING
from tests.appliance.model.test_exchange import some
from tests.appliance.model.test_nix import anything

pytestmark = pytest.mark.live

NIX = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "nix/usr/bin/nix-instantiate"


def evaluated(place: Path, text: str) -> Any:
    """What Nix makes of a file."""
    file = place / "file.nix"
    file.write_text(text)
    words = [str(NIX), "--eval", "--json", "--strict", "--store", f"{place}/store", str(file)]
    told = subprocess.run(
        words, env={"HOME": str(place)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.mark.parametrize("seed", range(5))
def test_nix_reads_an_export_as_the_identical_configuration(seed: int, tmp_path: Path) -> None:
    config = some(random.Random(seed))
    found = evaluated(tmp_path, exported(config))
    assert read.config(found["nixie"]["router"]) == config
    assert read.config(imported(json.dumps(found)).stored) == config


def test_nix_reads_every_setting_of_an_export(tmp_path: Path) -> None:
    assert read.config(evaluated(tmp_path, exported(EVERYTHING))["nixie"]["router"]) == EVERYTHING


def test_nix_reads_whatever_is_written_as_we_do(tmp_path: Path) -> None:
    values = [anything(random.Random(seed)) for seed in range(300)]
    assert evaluated(tmp_path, nix.write(values)) == values

"""What stays up is asked for in one word, and says what is wrong like every other command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.cli.stay import STAYS, stay, words

LINES = """
import sys
from appliance import assemble
assemble.become("lab", "boot", "--firmware", "coreboot")
"""


def test_what_was_typed_arrives_whole(tmp_path: Path) -> None:
    first, asked = words("run", tmp_path / "a b", lan=["eth1", "eth2"], wan="")
    assert first == "stay"
    assert json.loads(asked) == {
        "name": "run",
        "state": str(tmp_path / "a b"),
        "lan": ["eth1", "eth2"],
        "wan": "",
    }
    assert STAYS.keys() == {"run", "lab"}


def test_a_refusal_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (_, asked) = words("lab", tmp_path, prefix="audA", port=1, demo=False)
    assert stay(asked) == 1
    assert "nixie: 'audA' is not a prefix for a lab" in capsys.readouterr().err


def test_a_process_becomes_another_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LINES], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "There is no firmware 'coreboot'" in done.stderr

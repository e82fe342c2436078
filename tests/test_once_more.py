"""Whoever fails by itself, too, fails; a race has a second try and is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]
BROKEN = "def test_broken():\n    assert False\n"
RACE = """
from pathlib import Path

def test_race():
    before = Path(__file__).with_suffix(".before")
    there = before.exists()
    before.touch()
    assert there
"""


def ran(folder: Path, *spread: str, **files: str) -> tuple[int, str]:
    """The exit status and what was printed."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull]
    words = [sys.executable, "-m", "tests.once_more", *options, "--", *spread, str(folder)]
    here = {**os.environ, "PYTHONPATH": str(TREE)}
    done = subprocess.run(
        words, cwd=folder, env=here, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("spread", [(), ("-n", "2", "--dist", "loadfile")])
def test_a_race_passes_and_is_named(tmp_path: Path, spread: tuple[str, ...]) -> None:
    status, said = ran(tmp_path, *spread, race=RACE, fine="def test_fine():\n    pass\n")
    assert status == 0, said
    assert "1 failed, 1 passed" in said
    (named,) = [line for line in said.splitlines() if line.startswith("A race")]
    assert named.endswith("test_race.py::test_race")


def test_what_fails_by_itself_fails(tmp_path: Path) -> None:
    status, said = ran(tmp_path, broken=BROKEN, race=RACE)
    assert status == 1, said
    assert "2 failed" in said
    assert "1 failed, 1 passed" in said
    assert "A race" not in said


def test_where_much_fails_nobody_raced(tmp_path: Path) -> None:
    status, said = ran(tmp_path, **{f"race{number}": RACE for number in range(4)})
    assert status == 1, said
    assert "Once more" not in said


def test_what_passes_is_run_once(tmp_path: Path) -> None:
    status, said = ran(tmp_path, fine="def test_fine():\n    pass\n")
    assert status == 0, said
    assert "Once more" not in said


def test_nothing_to_run_is_told_as_pytest_tells_it(tmp_path: Path) -> None:
    assert ran(tmp_path)[0] == pytest.ExitCode.NO_TESTS_COLLECTED

"""nixos-image/home.sh: a step is done once, for as long as what it made is there."""

import subprocess
from pathlib import Path

import pytest

SOURCED = Path(__file__).parents[2] / "nixos-image/home.sh"


class Home:
    """A NIXIE_HOME in which one step writes `thing/file` from `input`, and says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.input = folder / "input"
        self.thing = folder / "thing"
        self.input.write_text("1")
        (folder / ".done").mkdir()

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        words = ["bash", "-euo", "pipefail", "-c", f"home={self.folder}; . {SOURCED}; {script}"]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    def once(self) -> str:
        made = f"made() {{ mkdir -p {self.thing}; cp {self.input} {self.thing}/file; say made; }}"
        return self.bash(f"{made}; once {self.thing} file {self.input} -- made").stdout


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    assert made.once() == "set-up: made\n"
    return made


def test_a_step_is_not_done_twice(home: Home) -> None:
    assert home.once() == ""


def test_a_step_is_done_again_when_its_input_changed(home: Home) -> None:
    home.input.write_text("2")
    assert home.once() == "set-up: made\n"
    assert (home.thing / "file").read_text() == "2"


def test_a_step_is_done_again_when_its_file_was_deleted(home: Home) -> None:
    (home.thing / "file").unlink()
    assert home.once() == "set-up: made\n"


def test_a_step_is_done_again_when_its_folder_was_moved_away(home: Home) -> None:
    home.thing.rename(home.folder / "elsewhere")
    assert home.once() == "set-up: made\n"


def test_a_step_that_failed_is_not_taken_for_done(home: Home) -> None:
    home.input.write_text("2")
    failing = f"once {home.thing} file {home.input} -- false"
    assert home.bash(failing).returncode == 1
    assert home.once() == "set-up: made\n"


def test_the_words_of_a_command_that_works_stay_in_a_file(home: Home) -> None:
    told = home.bash("quietly tool sh -c 'echo pages of warnings >&2'")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    assert (home.folder / ".done/tool.log").read_text() == "pages of warnings\n"


def test_a_command_that_failed_says_why(home: Home) -> None:
    told = home.bash("quietly tool sh -c 'echo no route to host >&2; exit 3'; say never")
    assert told.returncode == 1
    assert told.stdout.splitlines() == [
        "no route to host",
        f"set-up: tool failed. Its last words are above, all of them in {home.folder}"
        "/.done/tool.log",
    ]


def test_the_launcher_belongs_to_its_home(home: Home) -> None:
    python = home.folder / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$NIXIE_HOME" "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    home.bash("launcher")
    told = subprocess.run([home.folder / "nixie", "a b"], capture_output=True, text=True)
    assert told.stdout == f"{home.folder} {home.folder}/program -P -m appliance a b\n"

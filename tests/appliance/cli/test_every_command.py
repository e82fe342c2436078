"""One table of all commands: each answers in JSON, explains itself, and refuses in words."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from appliance.cli.app import app
from appliance.store import builds
from appliance.store.open import writer
from tests.webui.conftest import serving

STAYS = "it stays until it is stopped and says what happens, line by line"
WITHOUT_JSON = {
    "run": STAYS,
    "lab": STAYS,
    "role": STAYS,
    "prove": "set-up calls it; sentences, and an exit code",
}
MEASURES = "bench"  # needs root and minutes; `nixie bench` has tests of its own


def commands(group: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    for name, one in group.commands.items():
        words = (*above, name)
        if not hasattr(one, "commands"):
            yield words, one
            continue
        if one.invoke_without_command:
            yield words, one
        yield from commands(one, words)


ALL = dict(commands(typer.main.get_command(app)))
ASKING = {words: one for words, one in ALL.items() if words[0] not in (*WITHOUT_JSON, MEASURES)}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state directory of a running admin, for all commands in turn."""
    state = tmp_path_factory.mktemp("standing")
    with serving(state):
        yield state


def options(one: Any) -> set[str]:
    return {word for param in one.params for word in param.opts}


def with_words(words: tuple[str, ...], one: Any) -> list[str]:
    """The words that call the command, with something for each argument that it needs."""
    needed = [param.name for param in one.params if param.required]
    return [*words, *({"file": "-", "number": "3"}.get(name or "", "x") for name in needed)]


def test_the_table_has_every_noun() -> None:
    assert {words[0] for words in ALL} >= {"source", "host", "lab", "claim", "rescue", "bench"}
    assert len(ALL) > 40


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_command_answers_in_json_or_has_a_reason(words: tuple[str, ...]) -> None:
    expected = " ".join(words) not in WITHOUT_JSON
    assert ("--json" in options(ALL[words])) == expected


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_command_explains_itself(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--help"])
    assert told.exit_code == 0, told.output
    assert "Usage:" in told.stdout
    assert ALL[words].help


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_an_option_that_does_not_exist_ends_with_2(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--no-such-option"])
    assert told.exit_code == 2, told.output


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_without_a_router_a_command_ends_in_words(words: tuple[str, ...], tmp_path: Path) -> None:
    called = [*with_words(words, ASKING[words]), "--state", str(tmp_path)]
    told = CliRunner().invoke(app, called, input="{}")
    assert isinstance(told.exception, SystemExit), told.exception
    assert told.exit_code in {1, 4}, told.output
    assert told.stdout == ""
    assert told.stderr.strip().endswith((".", "NAME"))


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_with_a_new_router_a_command_answers_json_or_refuses(
    words: tuple[str, ...], standing: Path
) -> None:
    called = [*with_words(words, ASKING[words]), "--state", str(standing), "--json"]
    told = CliRunner().invoke(app, called, input="{}")
    assert told.exit_code == 0 or isinstance(told.exception, SystemExit), told.exception
    if told.exit_code == 0:
        json.loads(told.stdout)
    else:
        assert told.exit_code in {1, 3, 6}, told.output  # 6: no role runs here that could answer
        assert told.stdout == ""
        assert told.stderr.strip()


def test_a_role_explains_itself_without_being_run() -> None:
    words = [sys.executable, "-m", "appliance", "role", "--help"]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    assert "Usage: nixie role" in told.stdout


def test_a_role_that_does_not_exist_ends_with_2() -> None:
    words = [sys.executable, "-m", "appliance", "role", "cook"]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 2
    assert told.stderr.startswith("There is no role cook; there are net, dhcp")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("lab", "--prefix", "audA"), 1, "'audA' is not a prefix for a lab"),
        (("lab", "boot", "--mac", "zz"), 1, "'zz' is not a MAC address"),
        (("lab", "boot", "--memory", "1"), 1, "1 MB is too little"),
        (("lab", "boot", "--firmware", "coreboot"), 2, "There is no firmware 'coreboot'"),
        (("lab", "boot", "--timeout", "soon"), 2, "Invalid value for '--timeout'"),
        (("bench", "knitting"), 2, "There is no work 'knitting'"),
        (("claim",), 1, "No claim is open"),
    ],
)
def test_bad_input_is_a_sentence(
    words: tuple[str, ...], code: int, sentence: str, tmp_path: Path
) -> None:
    state = () if words[0] == "bench" else ("--state", str(tmp_path))
    called = [*words[:1], *state, *words[1:]] if words[:2] != ("lab", "boot") else [*words, *state]
    told = CliRunner().invoke(app, called)
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, sentence in told.stderr) == (code, True), told.stderr


def test_a_claim_code_comes_as_json(standing: Path) -> None:
    told = CliRunner().invoke(app, ["claim", "--state", str(standing), "--json"])
    assert json.loads(told.stdout)["code"] == (standing / "secrets/web/claim").read_text().strip()


def test_a_log_comes_as_json_line_by_line(standing: Path) -> None:
    with closing(writer(standing / "build.db", builds.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT INTO build (id, host, source, name, revision, state, why, queued_at, log)"
            " VALUES ('b1', 's/ember', 's', 'ember', 1, 'built', 'asked', 1, 'b1.log')"
        )
    (standing / "logs/builds").mkdir(parents=True)
    (standing / "logs/builds/b1.log").write_text("one\ntwo\n")
    told = CliRunner().invoke(app, ["build", "log", "b1", "--state", str(standing), "--json"])
    pieces = [json.loads(line) for line in told.stdout.splitlines()]
    assert "".join(piece["text"] for piece in pieces) == "one\ntwo\n"

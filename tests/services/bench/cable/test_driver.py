import os
import sys
from pathlib import Path
from time import process_time

import pytest

from appliance.errors import Unreachable
from services.bench.cable.driver import Cable, peer, spent, version


def test_a_missing_peer_has_its_sentence() -> None:
    with pytest.raises(Unreachable, match=r"^no-such-peer is not there; .* make bench sets it up"):
        peer("no-such-peer")


def test_a_peer_that_was_only_unpacked_is_found(tmp_path: Path) -> None:
    program = tmp_path / "no-such-peer"
    program.touch()
    assert peer("no-such-peer", str(tmp_path / "elsewhere"), str(program)) == str(program)


def test_a_version_is_read_from_what_a_program_says() -> None:
    assert version(sys.executable, "--version") == sys.version.split()[0]


def test_a_program_that_names_no_version_has_an_unknown_one() -> None:
    assert version("echo", "hello") == "unknown"


def test_each_end_of_a_cable_has_a_processor_of_its_own() -> None:
    lies = Cable("s", "c", "l")
    assert lies.at_server("x") == ["ip", "netns", "exec", "s", "taskset", "-c", "0", "x"]
    assert lies.at_client("x") == ["ip", "netns", "exec", "c", "taskset", "-c", "1", "x"]


def test_what_a_process_spends_is_counted_below_a_tick() -> None:
    before, begun = spent(os.getpid()), process_time()
    while process_time() - begun < 0.003:
        pass
    assert 0.003 <= spent(os.getpid()) - before < 1.0

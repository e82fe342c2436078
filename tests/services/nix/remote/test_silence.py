"""Derivations that print nothing for too long."""

from services.nix.complaints import BUILDING
from services.nix.failure import sentence
from services.nix.log_lines import Running
from services.nix.remote.silence import Silence, said


def test_one_that_prints_is_heard() -> None:
    silence = Silence(5)
    assert not any(silence.broken({1: Running("linux", at)}, 1, float(4 * at)) for at in range(9))


def test_one_that_prints_nothing_is_named() -> None:
    silence = Silence(5)
    running = {1: Running("linux", 7), 2: Running("glibc", 1)}
    assert silence.broken(running, 2, 0.0) == ""
    running[2] = Running("glibc", 2)
    assert silence.broken(running, 2, 5.0) == ""
    assert silence.broken(running, 2, 5.1) == "linux"


def test_one_that_begins_is_not_yet_silent() -> None:
    silence = Silence(5)
    assert silence.broken({}, 0, 0.0) == ""
    assert silence.broken({1: Running("linux")}, 1, 60.0) == ""
    assert silence.broken({1: Running("linux")}, 1, 66.0) == "linux"


def test_one_that_ended_is_forgotten() -> None:
    silence = Silence(5)
    assert silence.broken({1: Running("linux")}, 1, 0.0) == ""
    assert silence.broken({}, 0, 3.0) == ""
    assert silence.broken({1: Running("linux")}, 1, 6.0) == ""


def test_one_that_may_have_ended_is_not_silent() -> None:
    silence = Silence(5)
    running = {1: Running("linux"), 2: Running("glibc", 1)}
    assert silence.broken(running, 1, 0.0) == ""
    running[2] = Running("glibc", 2)
    assert silence.broken(running, 1, 6.0) == ""
    assert silence.broken(running, 1, 12.0) == "linux or glibc"


def test_it_is_told_as_nix_tells_it() -> None:
    kind, what = sentence(BUILDING, said("linux", 1800.0), {"failed": "linux"})
    assert (kind, what) == (
        "silent",
        "linux printed nothing for 1800 s and was stopped. Its log says how far it came.",
    )

"""Why a build failed, from what Nix says."""

import json

from services.nix.log_lines import LogLines
from services.nix.verdict import Answer
from services.nix.works.failure import GONE, LEFT, why
from services.processes.cgroups.place import Memory

DRV = "/nix/store/svrx08i6jqzrs2i0v0f1l8b3j40jq4m3-linux-6.12.drv"
FELL = Answer("", "", 1, "done")
FAILED = f"builder for '{DRV}' failed with exit code 1"


def lines(*errors: str, there: str = "") -> LogLines:
    """What was said of a build, on the computer that is called "oven" if `there` is its address."""
    made = LogLines({"ssh-ng://nixie-1": "oven"})
    begun = {"action": "start", "id": 5, "type": 105, "fields": [DRV, there, 1, 1]}
    made.feed(f"@nix {json.dumps(begun)}")
    for one in errors:
        said = {"action": "msg", "level": 0, "msg": f"error: {one}", "raw_msg": one}
        made.feed(f"@nix {json.dumps(said)}")
    return made


def test_our_own_daemon_may_be_gone() -> None:
    found = why(
        FELL, lines("Nix daemon disconnected unexpectedly (maybe it crashed?)"), "a", 9, None
    )
    assert found == (GONE, "The nix-daemon went away. The build is tried again.")


def test_a_builder_that_shares_may_be_gone_in_the_middle() -> None:
    said = lines(
        "Nix daemon disconnected unexpectedly (maybe it crashed?)",
        FAILED,
        there="ssh-ng://nixie-1",
    )
    assert why(FELL, said, "a", 9, None) == (
        LEFT,
        "The connection to oven broke off. The build is tried again.",
    )


def test_a_builder_that_shares_may_have_a_full_disk() -> None:
    note = "note: build failure may have been caused by lack of free disk space"
    kind, what = why(FELL, lines(f"{FAILED}\n{note}", there="ssh-ng://nixie-1"), "a", 9, None)
    assert (kind, what[:34]) == (LEFT, "oven has no room left on its disk.")


def test_what_a_derivation_prints_is_no_daemon_that_is_gone() -> None:
    for there in ("", "ssh-ng://nixie-1"):
        said = lines(f"{FAILED};\nlast 1 log lines:\n> Connection refused", there=there)
        kind, what = why(FELL, said, "a", 9, None)
        assert (kind, what[:34]) == ("failed", "linux-6.12 could not be built. Cor")


def test_a_whole_build_may_take_too_long() -> None:
    found = why(Answer("", "", 101, "timeout"), lines(), "a", 14_400.0, None)
    assert found == ("timeout", "The whole build took longer than 14400 s.")


def test_memory_is_told_before_all_else() -> None:
    kind, what = why(FELL, lines(FAILED), "a", 9, Memory(1 << 30, 1))
    assert (kind, "linux-6.12" in what) == ("memory", True)

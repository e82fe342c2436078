"""What nix says while it works, as 2.26.3 and 2.8.0 wrote it."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.nix.log_lines import Line, LogLines, Running, Step, clean, named

DRV = "/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-linux-6.1.drv"


CACHE = "http://127.0.0.1:41099/cache"


def said(**fields: Any) -> str:
    return "@nix " + json.dumps(fields)


def building(where: str = "") -> str:
    return said(
        action="start", id=5, level=3, parent=0, text="…", type=105, fields=[DRV, where, 1, 1]
    )


def test_a_build_that_starts_is_a_step() -> None:
    assert LogLines().feed(building()) == (Step("building linux-6.1", 0, 0),)


def test_a_build_elsewhere_says_where() -> None:
    (step,) = LogLines().feed(building("ssh-ng://root@anvil"))
    assert step == Step("building linux-6.1 on ssh-ng://root@anvil", 0, 0)


def test_a_builders_line_names_its_derivation() -> None:
    lines = LogLines()
    lines.feed(building())
    told = lines.feed(said(action="result", id=5, type=101, fields=["\x1b[1mcompiling\x1b[0m\r"]))
    assert told == (Line("compiling", "linux-6.1"),)


def test_a_phase_is_a_step() -> None:
    lines = LogLines()
    lines.feed(building())
    (step,) = lines.feed(said(action="result", id=5, type=104, fields=["installPhase"]))
    assert step == Step("linux-6.1: installPhase", 0, 0)


def test_progress_is_told_when_it_moves() -> None:
    lines = LogLines()
    lines.feed(said(action="start", id=1, level=0, text="", type=104))  # 2.8: no parent, no fields
    moved = said(action="result", id=1, type=105, fields=[2, 7, 1, 0])
    assert lines.feed(moved) == (Step("", 2, 7),)
    assert lines.feed(moved) == ()


def test_a_stop_without_a_start_is_nothing() -> None:
    assert LogLines().feed(said(action="stop", id=99)) == ()


def test_the_real_error_is_the_last_one() -> None:
    lines = LogLines()
    lines.feed(
        said(
            action="msg",
            level=0,
            msg="error:\n  … while calling the 'throw' builtin\n\n  error: the moon is not full",
            raw_msg="the moon is not full",
        )
    )
    assert lines.error == "the moon is not full"
    assert "while calling" in lines.trace


def test_an_error_of_2_8_has_no_raw_text() -> None:
    lines = LogLines()
    lines.feed(said(action="msg", level=0, msg="\x1b[31;1merror:\x1b[0m path is not valid"))
    assert lines.error == "path is not valid"


def test_the_derivation_an_error_names_is_kept() -> None:
    lines = LogLines()
    lines.feed(said(action="msg", level=0, msg=f"error: builder for '{DRV}' failed", raw_msg="x"))
    assert lines.failed == ["linux-6.1"]


def test_the_end_of_a_long_trace_is_kept() -> None:
    lines = LogLines()
    lines.feed(said(action="msg", level=0, msg="error: " + "x" * 200_000 + " end", raw_msg="end"))
    assert lines.trace.endswith("end")
    assert len(lines.trace) <= 100_000


def test_other_lines_are_lines() -> None:
    lines = LogLines()
    assert lines.feed("warning: something") == (Line("warning: something"),)
    assert lines.printed == ["warning: something"]


def test_terminal_controls_are_taken_out() -> None:
    assert clean("\x1b]8;;http://x\x07link\x1b]8;;\x07 \x1b[2K\x07done") == "link done"


def test_a_store_path_is_named_as_people_do() -> None:
    assert named("/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-generated.drv^out") == "generated"


@given(st.text())
def test_no_line_stops_the_reader(text: str) -> None:
    LogLines().feed(text)


@given(
    st.dictionaries(
        st.sampled_from(["action", "id", "type", "fields", "level", "msg", "raw_msg"]),
        st.none()
        | st.integers()
        | st.text()
        | st.lists(st.integers() | st.text(), max_size=3)
        | st.sampled_from(["start", "stop", "result", "msg"]),
    )
)
def test_no_message_stops_the_reader(told: dict[str, Any]) -> None:
    LogLines().feed("@nix " + json.dumps(told))


def test_what_is_being_built_is_known_with_the_lines_it_printed() -> None:
    lines = LogLines()
    lines.feed(building())
    for _ in range(3):
        lines.feed(said(action="result", id=5, type=101, fields=["compiling"]))
    lines.feed(said(action="result", id=6, type=101, fields=["of nobody that was named"]))
    assert lines.running == {5: Running("linux-6.1", 3)}
    lines.feed(said(action="stop", id=5))
    assert not lines.running


def test_builds_of_which_nix_says_that_none_works_have_ended() -> None:
    lines = LogLines()
    lines.feed(said(action="start", id=4, level=3, parent=0, text="", type=104, fields=[]))
    lines.feed(building())
    lines.feed(said(action="result", id=4, type=105, fields=[0, 2, 1, 0]))
    assert (list(lines.running), lines.working) == ([5], 1)
    lines.feed(said(action="result", id=4, type=105, fields=[1, 2, 0, 0]))
    assert (list(lines.running), lines.working) == ([], 0)


def test_a_cache_that_broke_off_is_named_once_with_what_comes_of_it() -> None:
    lines = LogLines()
    why = "HTTP error 200 (curl error: Timeout was reached)"
    broke = [
        said(action="msg", level=0, msg=f"error: unable to download '{CACHE}/nar/{n}.nar': {why}")
        for n in range(2)
    ]
    (_, meant), (_,) = (lines.feed(one) for one in broke)
    assert meant == Line(
        f"{CACHE} broke off in the middle of an archive: other caches are asked for it, and what "
        "none of them gives is built."
    )

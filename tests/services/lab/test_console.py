from hypothesis import example, given
from hypothesis import strategies as st

from services.lab.console import FAILURES, LONGEST, Console, Milestone, milestone


def lines(*pieces: bytes) -> list[str]:
    console = Console()
    heard = [line for piece in pieces for line in console.feed(piece)]
    return [*heard, *console.flush()]


def test_colours_are_dropped() -> None:
    assert lines(b"\x1b[0m\x1b[37m\x1b[40miPXE\x1b[1m 2.0.0\x1b[0m\r\n") == ["iPXE 2.0.0"]


def test_a_cursor_that_moves_begins_a_line() -> None:
    assert lines(b"\x1b[01;01HBdsDxe: loading\x1b[02;01HBdsDxe: starting\n") == [
        "BdsDxe: loading",
        "BdsDxe: starting",
    ]


def test_a_sequence_cut_by_the_wire_is_still_one() -> None:
    assert lines(b"a\x1b[", b"01;0", b"1Hb\n") == ["a", "b"]


def test_a_character_cut_by_the_wire_is_still_one() -> None:
    assert lines("grün".encode()[:3], "grün".encode()[3:], b"\n") == ["grün"]


def test_a_line_is_told_once_it_is_complete() -> None:
    console = Console()
    assert console.feed(b"half") == ()
    assert console.feed(b" a line\n") == ("half a line",)


def test_a_prompt_is_told_at_the_end() -> None:
    assert lines(b"Shell> ") == ["Shell>"]


def test_a_machine_that_never_ends_a_line_fills_no_memory() -> None:
    console = Console()
    assert console.feed(b"x" * (LONGEST + 1)) == ("x" * (LONGEST + 1),)
    assert console.flush() == ()


def test_empty_lines_are_left_out() -> None:
    assert lines(b"\r\n\r\n a\r\n   \r\n") == [" a"]


# What firmware really sends, in any order, and anything else now and then.
WIRE = st.lists(
    st.sampled_from(
        [b"\x1b", b"[", b"]", b"(B", b"2J", b"1;1H", b"37m", b"0;", b"a", b" ", b"\r\n", b"\x07"]
    )
    | st.binary(max_size=3),
    max_size=24,
).map(b"".join)


@given(st.lists(WIRE, max_size=6))
def test_no_input_leaves_an_escape_or_control_character(pieces: list[bytes]) -> None:
    assert not any(
        ord(character) < 32 and character != "\t" for line in lines(*pieces) for character in line
    )


@example(b"\x1b\x1b\x1b1;1H", 4)
@given(WIRE, st.integers(0, 40))
def test_where_the_wire_cuts_does_not_matter(text: bytes, at: int) -> None:
    whole, halves = Console(), Console()
    once = "".join((*whole.feed(text), *whole.flush()))
    twice = "".join((*halves.feed(text[:at]), *halves.feed(text[at:]), *halves.flush()))
    assert once.replace(" ", "") == twice.replace(" ", "")


def test_the_lines_of_a_boot_are_milestones() -> None:
    said = {
        "SeaBIOS (version 1.16.2-debian-1.16.2-1)": Milestone.FIRMWARE,
        ">>Start HTTP Boot over IPv4....": Milestone.NETWORK_BOOT,
        "iPXE 1.21.1+ (g4e456) -- Open Source Network Boot Firmware": Milestone.LOADER,
        "EFI stub: Loaded initrd from command line option": Milestone.KERNEL,
        "Probing EDD (edd=off to disable)... o<<< stage 1 (systemd): started >>>": Milestone.KERNEL,
        "<<< stage 1 (scripted): started >>>": Milestone.STAGE_1,
        "<<< crucible: stage 2 started >>>": Milestone.STAGE_2,
        "<<< crucible: reached multi-user.target >>>": Milestone.UP,
        "<<< x: nixie-phone-home: the router knows that this system is up >>>": Milestone.TOLD,
        "UEFI Interactive Shell v2.2": Milestone.SHELL,
        "No bootable device.": Milestone.FAILED_BOOT,
        "[ 7.6] Kernel panic - not syncing: Attempted to kill init!": Milestone.PANIC,
        "<<< archive: you are in emergency mode >>>": Milestone.EMERGENCY,
        "KVM internal error. Suberror: 1": Milestone.KVM_STOPPED,
    }
    assert {line: milestone(line) for line in said} == said


def test_an_ordinary_line_is_none() -> None:
    assert milestone("http://10.77.0.1/bzImage... ok") is None


def test_a_failure_is_never_a_step_forward() -> None:
    assert not FAILURES & {Milestone.UP, Milestone.TOLD, Milestone.STAGE_2}

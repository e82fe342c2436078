import pytest

from appliance.store.boots import StepRow
from services.netboot.words import bytes_said, clean, said, step_said


def test_g79_control_bytes_do_not_get_into_the_record() -> None:
    assert clean("em\nber\x00\u202e") == "em?ber??"


def test_what_is_kept_of_a_clients_words_is_short() -> None:
    assert len(clean("x" * 10_000)) == 80


@pytest.mark.parametrize(
    "serial", ["To be filled by O.E.M.", "Default string", "", "  ", "System Serial Number", "0"]
)
def test_g80_what_a_board_says_when_nobody_filled_it_in_is_not_a_serial(serial: str) -> None:
    assert said({"serial": serial}) == {}


@pytest.mark.parametrize(
    "uuid",
    [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009",
    ],
)
def test_g80_a_uuid_that_many_boards_share_is_not_kept(uuid: str) -> None:
    assert said({"uuid": uuid}) == {}


def test_g80_a_serial_with_spaces_is_kept_as_it_is() -> None:
    assert said({"serial": " PF 3X Y ", "evil": "x"}) == {"serial": "PF 3X Y"}


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            StepRow(1, "loader", "x64/snponly.efi", 1.0, 1.3, 274_432, 274_432, "ok", {}),
            "x64/snponly.efi, 268 KiB in 0.3 s.",
        ),
        (
            StepRow(1, "part", "initrd", 1.0, 2.0, 1 << 20, 4 << 20, "aborted", {}),
            "initrd broke off after 1 MiB of 4 MiB.",
        ),
        (
            StepRow(1, "loader", "x", 1.0, 1.0, 0, 9, "ok", {"probe": True}),
            "It asked for the size of x.",
        ),
        (
            StepRow(1, "dhcp", "ACK", 1.0, 1.0, None, None, "ok", {"address": "10.0.0.9"}),
            "DHCP ACK 10.0.0.9.",
        ),
        (
            StepRow(1, "script", "ember", 1.0, 1.0, None, None, "ok", {"kind": "run"}),
            "The script was sent: ember.",
        ),
        (
            StepRow(
                1,
                "script",
                "page",
                1.0,
                61.0,
                None,
                None,
                "ok",
                {"kind": "page", "sentence": "ember is being built.", "times": 5},
            ),
            "It was told: ember is being built. It asked 5 times.",
        ),
        (StepRow(1, "up", "ember", 1.0, 1.0, None, None, "ok", {}), "It phoned home."),
    ],
)
def test_a_step_is_a_sentence(step: StepRow, sentence: str) -> None:
    assert step_said(step) == sentence


def test_small_sizes_are_said_in_bytes() -> None:
    assert bytes_said(531) == "531 bytes"

"""Facts about one transfer; G numbers are the gotchas of the netboot reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tftp.transfer import (
    LARGEST_WINDOW,
    TRIES,
    TRIES_UNHEARD,
    End,
    Terms,
    Transfer,
    agree,
    netascii,
)

ETHERNET = 1500


def carried(size: int, terms: Terms) -> list[int]:
    """Block numbers of a transfer without loss, as (16-bit) ACKs would see them."""
    transfer = Transfer(size, terms)
    window = transfer.start(0.0)
    sent: list[int] = []
    if window == (0, 0):
        found = transfer.acked(0, 0.0)
        assert found is not None
        window = found
    while transfer.end is None:
        sent += range(*window)
        found = transfer.acked((window[1] - 1) & 0xFFFF, 0.0)
        if found is not None:
            window = found
    assert transfer.end is End.SENT
    return sent


def test_g53_a_window_is_at_most_what_a_rom_can_take() -> None:
    terms = agree({"windowsize": "64"}, 100_000, ETHERNET)
    assert (terms.window, terms.accepted) == (32, (("windowsize", "32"),))


def test_g50_edk2_asking_for_the_size_and_aborting_is_a_probe() -> None:
    asked = {"tsize": "0", "blksize": "1468", "windowsize": "4"}
    transfer = Transfer(301_056, agree(asked, 301_056, ETHERNET))
    assert transfer.start(0.0) == (0, 0)
    transfer.aborted(8)
    assert transfer.end is End.PROBE


def test_an_error_in_the_middle_is_no_probe() -> None:
    transfer = Transfer(5_000, agree({"tsize": "0"}, 5_000, ETHERNET))
    transfer.start(0.0)
    transfer.acked(0, 0.0)
    transfer.acked(1, 0.0)
    transfer.aborted(8)
    assert transfer.end is End.ABORTED


def test_g51_only_what_was_asked_for_is_acknowledged() -> None:
    assert agree({"blksize": "1400"}, 9_000, ETHERNET).accepted == (("blksize", "1400"),)
    assert agree({}, 9_000, ETHERNET) == Terms()


def test_g51_options_we_do_not_know_are_left_out_silently() -> None:
    assert agree({"multicast": "", "x": "1", "tsize": "0"}, 9, ETHERNET).accepted == (
        ("tsize", "9"),
    )


@pytest.mark.parametrize("value", ["0", "-5", "7", "abc", "", "1e3", "٣٢", "9" * 400])
def test_g51_a_block_size_that_is_no_number_in_range_is_not_acknowledged(value: str) -> None:
    assert agree({"blksize": value}, 9, ETHERNET) == Terms()


def test_g52_a_block_never_becomes_a_fragment() -> None:
    assert agree({"blksize": "65464"}, 9, ETHERNET).block_size == 1468
    assert agree({"blksize": "65464"}, 9, 9000).block_size == 8968
    assert agree({"blksize": "1432"}, 9, ETHERNET).block_size == 1432
    assert agree({"blksize": "999999"}, 9, 65_536).block_size == 65_464


def test_g53_edk2_gets_the_window_of_four_it_asks_for() -> None:
    terms = agree({"windowsize": "4"}, 9, ETHERNET)
    assert (terms.window, terms.accepted) == (4, (("windowsize", "4"),))


def test_g53_a_window_is_made_smaller_never_larger() -> None:
    assert agree({"windowsize": "65535"}, 9, ETHERNET).window == LARGEST_WINDOW >= 32
    assert agree({"windowsize": "0"}, 9, ETHERNET).window == 1


def test_g53_after_a_loss_the_window_starts_behind_the_last_block_heard() -> None:
    transfer = Transfer(100_000, Terms(512, window=8))
    assert transfer.start(0.0) == (1, 9)
    assert transfer.acked(3, 0.1) == (4, 12)


def test_g53_the_loss_of_a_windows_first_block_is_made_good_once() -> None:
    transfer = Transfer(100_000, Terms(512, window=8))
    transfer.start(0.0)
    assert transfer.acked(8, 0.1) == (9, 17)
    assert transfer.acked(8, 0.2) == (9, 17)
    assert transfer.acked(8, 0.3) is None


def test_g54_block_numbers_wrap_to_zero() -> None:
    assert carried(512 * 70_000, Terms(512)) == list(range(1, 70_002))


def test_g54_a_window_across_the_wrap_is_acknowledged_by_its_last_block() -> None:
    sent = carried(512 * 66_000, Terms(512, window=32))
    assert sent == list(range(1, 66_002))


@pytest.mark.parametrize("block_size", [512, 1432])
def test_g55_a_file_of_whole_blocks_ends_with_an_empty_one(block_size: int) -> None:
    transfer = Transfer(3 * block_size, Terms(block_size))
    assert transfer.last == 4
    assert carried(3 * block_size, Terms(block_size)) == [1, 2, 3, 4]


def test_an_empty_file_is_one_empty_block() -> None:
    assert carried(0, Terms()) == [1]


def test_g56_a_duplicate_ack_is_not_answered() -> None:
    transfer = Transfer(5_000, Terms())
    transfer.start(0.0)
    assert transfer.acked(1, 0.0) == (2, 3)
    assert transfer.acked(1, 0.0) is None


def test_g56_a_block_is_sent_again_by_time_alone() -> None:
    transfer = Transfer(5_000, Terms())
    transfer.start(0.0)
    assert transfer.woken(0.5) is None
    assert transfer.woken(1.0) == (1, 2)


def test_an_ack_of_what_was_not_sent_is_not_answered() -> None:
    transfer = Transfer(50_000, Terms(512, window=4))
    transfer.start(0.0)
    assert transfer.acked(5, 0.0) is None
    assert transfer.acked(65_535, 0.0) is None
    assert transfer.window() == (1, 5)


def test_data_waits_for_the_ack_of_the_option_acknowledgement() -> None:
    transfer = Transfer(5_000, agree({"tsize": "0"}, 5_000, ETHERNET))
    assert transfer.start(0.0) == (0, 0)
    assert transfer.acked(1, 0.0) is None
    assert transfer.acked(0, 0.0) == (1, 2)


def test_g59_netascii_ends_lines_with_cr_lf() -> None:
    assert netascii(b"#!ipxe\necho\rx\n") == b"#!ipxe\r\necho\r\0x\r\n"


def test_g59_netascii_has_neither_size_nor_window() -> None:
    asked = {"tsize": "0", "windowsize": "8", "blksize": "1400"}
    assert agree(asked, 9, ETHERNET, netascii=True).accepted == (("blksize", "1400"),)


def test_g60_silence_after_the_last_block_is_success() -> None:
    transfer = Transfer(1_000, Terms())
    transfer.start(0.0)
    transfer.acked(1, 0.0)
    now = 0.0
    while transfer.end is None:
        now += 1.0
        transfer.woken(now)
    assert transfer.end is End.UNCONFIRMED
    assert now <= TRIES + 1


def test_g60_a_port_closed_after_the_last_block_is_success() -> None:
    transfer = Transfer(1_000, Terms())
    transfer.start(0.0)
    transfer.acked(1, 0.0)
    transfer.gone()
    assert transfer.end is End.UNCONFIRMED


def test_a_client_that_falls_silent_in_the_middle_is_given_up() -> None:
    transfer = Transfer(100_000, Terms())
    transfer.start(0.0)
    transfer.acked(1, 0.0)
    sends = [transfer.woken(float(second)) for second in range(1, TRIES + 1)]
    assert sends == [(2, 3)] * (TRIES - 1) + [None]
    assert transfer.end is End.SILENT


def test_g63_whoever_never_answered_gets_few_packets() -> None:
    transfer = Transfer(100_000, agree({"windowsize": "64"}, 100_000, ETHERNET))
    transfer.start(0.0)
    sends = [transfer.woken(float(second)) for second in range(1, TRIES_UNHEARD + 1)]
    assert sends == [(0, 0)] * (TRIES_UNHEARD - 1) + [None]
    assert transfer.end is End.SILENT


def test_the_time_option_sets_the_retry_time() -> None:
    transfer = Transfer(9, agree({"timeout": "3"}, 9, ETHERNET))
    transfer.start(0.0)
    assert transfer.wake_at == 3.0
    assert agree({"timeout": "256"}, 9, ETHERNET).accepted == ()


@given(
    size=st.integers(0, 40_000),
    block_size=st.integers(8, 1468),
    window=st.integers(1, 32),
    acks=st.lists(st.integers(0, 65_535), max_size=60),
)
def test_no_ack_leads_outside_the_file(
    size: int, block_size: int, window: int, acks: list[int]
) -> None:
    transfer = Transfer(size, Terms(block_size, window))
    transfer.start(0.0)
    for number, ack in enumerate(acks):
        sent = transfer.acked(ack % (transfer.last + 3), float(number))
        if sent is not None:
            assert 1 <= sent[0] < sent[1] <= transfer.last + 1
            assert sent[1] - sent[0] <= window


@given(
    size=st.integers(0, 6_000),
    window=st.integers(1, 16),
    lost=st.lists(st.booleans(), max_size=120),
)
def test_whatever_is_lost_on_the_way_the_file_arrives_whole(
    size: int, window: int, lost: list[bool]
) -> None:
    """A client of RFC 7440 on a wire that drops what `lost` says, in both directions."""
    transfer = Transfer(size, Terms(100, window))
    drops = iter(lost)
    got, now = 0, 0.0
    blocks = transfer.start(now)
    while transfer.end is None:
        arrived = [block for block in range(*blocks) if not next(drops, False)]
        gap = False
        for block in arrived:
            gap = gap or block > got + 1
            got = block if block == got + 1 else got
        acknowledges = arrived and (gap or got == blocks[1] - 1)
        answer = None
        if acknowledges and not next(drops, False):
            answer = transfer.acked(got & 0xFFFF, now)
        while answer is None and transfer.end is None:
            now = transfer.wake_at
            answer = transfer.woken(now)
        blocks = answer or blocks
    if transfer.end is End.SENT:
        assert got == transfer.last
    else:
        assert any(lost)

"""The configuration file, line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.netboot.uboot.config import Label, appended, config, sentences

EMBER = Label("g-1", "ember, generation 3", "k", "i", "d", "init=/x quiet")


def test_what_boots_is_one_label_and_no_menu() -> None:
    assert config((EMBER,)) == (
        "# Made by Nixie for this boot.\n"
        "DEFAULT g-1\n"
        "LABEL g-1\n"
        "  MENU LABEL ember, generation 3\n"
        "  KERNEL k\n"
        "  INITRD i\n"
        "  FDT d\n"
        "  APPEND init=/x quiet\n"
    )


def test_without_a_device_tree_u_boot_takes_its_own() -> None:
    assert "FDT" not in config((Label("g-1", "ember", "k", "i", append="x"),))


def test_a_kernel_may_have_no_ramdisk() -> None:
    assert "INITRD" not in config((Label("g-1", "ember", "k", append="x"),))


def test_a_menu_waits_as_long_as_its_owner_said() -> None:
    shown = config((EMBER,), title="Workshop", default="local", seconds=5)
    assert shown.splitlines()[1:4] == ["MENU TITLE Workshop", "TIMEOUT 50", "DEFAULT local"]


def test_a_menu_without_a_time_waits_for_ever() -> None:
    assert "TIMEOUT" not in config((EMBER,), title="Workshop")


def test_a_sentence_is_a_label_without_a_kernel() -> None:
    said = config(sentences("Its code is 1234", "Open it."))
    assert said.splitlines()[1:] == [
        "DEFAULT nixie-1",
        "LABEL nixie-1",
        "  MENU LABEL Its code is 1234",
        "LABEL nixie-2",
        "  MENU LABEL Open it.",
    ]


def test_the_disk_is_u_boots_own_way() -> None:
    assert config((Label("local", "Its disk", local=True),)).endswith("  LOCALBOOT 1\n")


def test_a_sentence_that_can_be_picked_leads_back() -> None:
    assert config((Label("g-1", "ember: no", back=True),)).endswith("  LOCALBOOT -1\n")


@given(st.text(max_size=300))
def test_whatever_a_flake_calls_itself_is_one_line(text: str) -> None:
    lines = config((Label("g-1", text, "k", append="x"),)).splitlines()
    assert len(lines) == 6
    assert all(line.isascii() and line.isprintable() for line in lines)


@pytest.mark.parametrize("word", ["a=\\\\b", "a=\\'", "a=\\$x"])
def test_a_backslash_that_u_boot_would_obey_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="a backslash that U-Boot would obey"):
        appended([word])


@given(st.text(st.sampled_from("ab'$\\(){} ="), max_size=20))
def test_u_boot_hands_on_what_was_meant(text: str) -> None:
    try:
        told = appended([text])
    except ValueError:
        return
    assert substituted(told) == text


def substituted(text: str) -> str:
    """What U-Boot 2023.01 makes of a line without variables (common/cli_simple.c)."""
    out, before, rest = "", "", list(text)
    while rest:
        one = rest.pop(0)
        if one == "\\" and before != "\\":
            before, one = one, rest.pop(0)
        if before != "\\":
            assert one not in "'$", "U-Boot would obey this"
        out, before = out + one, one
    return out

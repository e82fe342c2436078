import pytest

from services.nix.narinfo import (
    PathInfo,
    Told,
    fingerprint,
    is_given,
    registrations,
    signed,
    told,
    unsigned,
)

A, B, C = (letter * 32 for letter in "abc")
SOURCE = f"/nix/store/{B}-source"
HELLO, DERIVER = f"/nix/store/{A}-hello", f"/nix/store/{C}-h.drv"
INFO = PathInfo(HELLO, "0" * 52, 120, (HELLO, SOURCE), DERIVER)
DUMPED = f"""\
/nix/store/{A}-hello
{"00" * 32}
120
/nix/store/{C}-h.drv
2
{SOURCE}
/nix/store/{A}-hello
{SOURCE}
{"01" * 32}
96

0
"""


def test_what_nix_dumps_is_read() -> None:
    first, second = registrations(DUMPED)
    assert first == INFO
    assert (second.path, second.nar_size, second.references) == (SOURCE, 96, ())


@pytest.mark.parametrize(
    "dumped",
    [
        DUMPED[:-20],
        DUMPED.replace("/nix/store/", "/nix/stori/", 1),
        DUMPED.replace("00" * 32, "00" * 31),
        DUMPED.replace("120", "many"),
        DUMPED.replace(f"\n{SOURCE}\n", "\n../../etc/shadow\n", 1),
    ],
)
def test_anything_else_of_nix_is_refused(dumped: str) -> None:
    with pytest.raises(ValueError, match=r"nix (ended|said)|invalid literal|fromhex"):
        list(registrations(dumped))


def test_the_signed_text_has_whole_references() -> None:
    assert fingerprint(INFO) == (
        f"1;/nix/store/{A}-hello;sha256:{'0' * 52};120;/nix/store/{A}-hello,{SOURCE}"
    )


def test_what_was_written_is_read_back() -> None:
    text = signed(INFO, "nixie-1:c2ln")
    assert text.startswith(unsigned(INFO))
    assert text.endswith("Sig: nixie-1:c2ln\n")
    assert told(text) == Told(INFO.path, f"{A}-{'0' * 52}.nar", 120)


def test_what_is_not_whole_says_nothing() -> None:
    text = signed(INFO, "nixie-1:c2ln")
    assert told(text.partition("NarSize")[0]) is None
    assert told("") is None


@pytest.mark.parametrize(
    ("path", "deriver", "given"),
    [
        (f"/nix/store/{A}-hello", f"/nix/store/{C}-h.drv", True),
        (f"/nix/store/{A}-secrets.yaml", "", False),  # a file of a flake
        (SOURCE, "", False),  # a flake's tree
        (SOURCE, f"/nix/store/{C}-source.drv", False),  # a tree that a build fetched
        (f"/nix/store/{A}-{B}-source", f"/nix/store/{C}-h.drv", False),
        (f"/nix/store/{C}-h.drv", f"/nix/store/{C}-h.drv", False),
    ],
)
def test_only_what_was_built_is_given(path: str, deriver: str, *, given: bool) -> None:
    assert is_given(PathInfo(path, "0" * 52, 1, (), deriver)) is given

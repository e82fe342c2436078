"""Hosts from files: what is taken, in which form, and what is refused where."""

from dataclasses import replace

import pytest

from appliance.errors import Refused
from appliance.model.files import BootFile, FilesHost, changes, checked, from_text, to_text

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
KERNEL = BootFile("kernel", "vmlinuz", DIGEST)
HOST = FilesHost("rescue", "x86_64-linux", "linux", "quiet", (KERNEL,))
TREE = replace(KERNEL, purpose="dtb", name="board.dtb")
PROGRAM = replace(KERNEL, purpose="program")
BOARD = replace(HOST, system="aarch64-linux", files=(KERNEL, TREE))


def refused(host: FilesHost) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(Refused) as caught:
        checked(host)
    return {one.where: one.what for one in caught.value.problems}


def test_a_host_is_the_same_after_it_was_stored() -> None:
    assert from_text(to_text(HOST)) == HOST


def test_a_checksum_is_kept_in_one_form() -> None:
    loud = replace(KERNEL, sha256=f" SHA256:{DIGEST.upper()} ")
    assert checked(replace(HOST, files=(loud,))) == HOST


@pytest.mark.parametrize(
    ("host", "where"),
    [
        (replace(HOST, name="9 lives"), ("name",)),
        (replace(HOST, system="vax-linux"), ("system",)),
        (replace(HOST, recipe="iso"), ("recipe",)),
        (replace(HOST, command_line="quiet || reboot"), ("command_line",)),
        (replace(HOST, command_line="x=${net0/mac}"), ("command_line",)),
        (replace(HOST, command_line="x" * 3_501), ("command_line",)),
        (replace(HOST, files=()), ("files",)),
        (replace(HOST, files=(KERNEL, KERNEL)), ("files",)),
        (replace(HOST, files=(KERNEL, *[replace(KERNEL, purpose="initrd")] * 9)), ("files",)),
        (replace(HOST, files=(KERNEL, TREE)), ("files", 1, "purpose")),
        (replace(BOARD, files=(KERNEL, TREE, TREE)), ("files",)),
        (replace(BOARD, recipe="efi", files=(PROGRAM, TREE)), ("files", 1, "purpose")),
        (replace(HOST, files=(replace(KERNEL, name="a/b"),)), ("files", 0, "name")),
        (replace(HOST, files=(replace(KERNEL, name="${x}"),)), ("files", 0, "name")),
        (replace(HOST, files=(replace(KERNEL, sha256="abc"),)), ("files", 0, "sha256")),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(
    host: FilesHost, where: tuple[str | int, ...]
) -> None:
    assert list(refused(host)) == [where]


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/k", "file:///etc/shadow", "https://", "https://a b/", "https://u:p@a.example/k",
     "http://[", "https://a.example/" + "k" * 1_024],
)  # fmt: skip
def test_an_address_that_is_not_asked_is_refused(url: str) -> None:
    assert list(refused(replace(HOST, files=(replace(KERNEL, url=url),)))) == [("files", 0, "url")]


def test_a_host_for_64_bit_arm_may_have_a_device_tree() -> None:
    assert checked(BOARD).files == (KERNEL, TREE)


def test_what_is_new_is_said_in_sentences() -> None:
    other = BootFile("kernel", "vmlinuz-6.12", "ab" * 32)
    assert changes(None, HOST) == ()
    assert changes(HOST, HOST) == ()
    assert changes(HOST, replace(HOST, files=(other,), command_line="")) == (
        "kernel vmlinuz-6.12 is new.",
        "kernel vmlinuz is gone.",
        "The command line is now: empty.",
    )


def test_other_files_have_another_digest() -> None:
    assert HOST.digest != replace(HOST, command_line="").digest
    assert HOST.digest == from_text(to_text(HOST)).digest

"""Hosts from files: sent or named, added and changed; room that comes back."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import acts, files, sources
from appliance.actions.desk import Desk
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.files import BootFile, FilesHost, from_text
from appliance.store.uploads.open import KEPT_SECONDS, arrived
from tests.appliance.actions.conftest import OWNER, Clock

KERNEL = b"MZ" + bytes(54) + b"ARM\x64"
DIGEST = hashlib.sha256(KERNEL).hexdigest()
HOST = FilesHost(
    "rescue", "aarch64-linux", "linux", "quiet", (BootFile("kernel", "Image", DIGEST),)
)
WEB = replace(HOST, files=(BootFile("kernel", "Image", "ab" * 32, "https://files.example/Image"),))


def send(desk: Desk, content: bytes = KERNEL) -> str:
    with files.sending(desk, OWNER) as coming:
        coming.add(content)
        return coming.keep()


def test_a_file_that_was_sent_is_there_by_its_checksum(desk: Desk, tmp_path: Path) -> None:
    assert send(desk) == DIGEST
    place = arrived(tmp_path, DIGEST)
    assert place is not None
    assert place.read_bytes() == KERNEL


def test_a_file_that_was_cut_off_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    with files.sending(desk, OWNER) as coming:
        coming.add(b"half")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_host_is_a_source_with_its_files(desk: Desk) -> None:
    send(desk)
    source = files.put_files(desk, OWNER, HOST).subject
    (view,) = desk.reads.sources()
    assert (view.id, view.name, view.url, view.as_built) == (source, "rescue", "files:rescue", True)
    assert from_text(view.files) == HOST


def test_a_file_that_nobody_sent_is_asked_for(desk: Desk) -> None:
    with pytest.raises(Refused, match="Image was not sent to the router yet"):
        files.put_files(desk, OWNER, HOST)


def test_a_file_with_an_address_is_not_sent(desk: Desk) -> None:
    assert files.put_files(desk, OWNER, WEB).what == "rescue is added. Its files are checked now."


def test_other_files_keep_those_that_it_has(desk: Desk, tmp_path: Path) -> None:
    send(desk)
    source = files.put_files(desk, OWNER, HOST).subject
    (tmp_path / "uploads" / DIGEST).unlink()
    files.put_files(desk, OWNER, replace(HOST, command_line="debug"), source)
    assert from_text(desk.reads.sources()[0].files).command_line == "debug"


def test_other_files_are_taken_back_as_any_act(desk: Desk) -> None:
    source = files.put_files(desk, OWNER, WEB).subject
    done = files.put_files(desk, OWNER, replace(WEB, command_line="debug"), source)
    acts.undo(desk, OWNER, done.act)
    assert from_text(desk.reads.sources()[0].files) == WEB


def test_its_name_stays(desk: Desk) -> None:
    source = files.put_files(desk, OWNER, WEB).subject
    with pytest.raises(Refused, match="This host is called rescue"):
        files.put_files(desk, OWNER, replace(WEB, name="other"), source)


def test_two_hosts_have_two_names(desk: Desk) -> None:
    files.put_files(desk, OWNER, WEB)
    with pytest.raises(Refused, match="Another source is named rescue"):
        files.put_files(desk, OWNER, WEB)


def test_a_flake_does_not_become_files(desk: Desk) -> None:
    flake = sources.add_source(desk, OWNER, "github:lena/homelab").subject
    with pytest.raises(Unknown):
        files.put_files(desk, OWNER, WEB, flake)


def test_files_are_read_with_no_key(desk: Desk) -> None:
    source = files.put_files(desk, OWNER, WEB).subject
    with pytest.raises(Refused, match="no address that asks for a key"):
        sources.set_source_credential(desk, OWNER, source, kind="token", secret="abcdef")


def test_a_kernel_for_another_processor_is_refused_beside_its_file(desk: Desk) -> None:
    send(desk)
    with pytest.raises(Refused) as refused:
        files.put_files(desk, OWNER, replace(HOST, system="x86_64-linux"))
    (problem,) = refused.value.problems
    assert problem.where == ("files", 0, "sha256")
    assert problem.what == "Image is made for aarch64, and the host is for x86_64."


def test_what_nobody_named_makes_room_after_a_day(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    clock.now = time.time()
    send(desk)
    left = send(desk, b"left")
    files.put_files(desk, OWNER, HOST)
    clock.now = (tmp_path / "uploads" / left).stat().st_mtime + KEPT_SECONDS + 1
    send(desk, b"another")
    assert arrived(tmp_path, DIGEST) is not None
    assert arrived(tmp_path, left) is None


def test_what_is_no_device_tree_is_refused_beside_its_file(desk: Desk, clock: Clock) -> None:
    clock.now = time.time()
    send(desk)
    wrong = BootFile("dtb", "board.dtb", send(desk, b"no tree"))
    with pytest.raises(Refused) as refused:
        files.put_files(desk, OWNER, replace(HOST, files=(*HOST.files, wrong)))
    (problem,) = refused.value.problems
    assert problem.where == ("files", 1, "sha256")
    assert problem.what == "board.dtb is no device tree: those begin with d00dfeed."


def test_a_device_tree_is_taken(desk: Desk, clock: Clock) -> None:
    clock.now = time.time()
    send(desk)
    tree = BootFile("dtb", "board.dtb", send(desk, b"\xd0\x0d\xfe\xed and so on"))
    files.put_files(desk, OWNER, replace(HOST, files=(*HOST.files, tree)))
    (view,) = desk.reads.sources()
    assert from_text(view.files).files[1] == tree

"""Hosts from files, with real Nix: what was sent, what is downloaded, and what is refused."""

import gzip
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from appliance.actions import acts, files, images, sources
from appliance.errors import Refused
from appliance.model.files import BootFile, FilesHost
from appliance.model.images import Image, StoreFile
from appliance.store.uploads.open import arrived
from services.nix.lan_cache.driver import store_paths
from tests.live.nix_place import NIX, OWNER, Place, place
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

ARM = b"MZ" + bytes(54) + b"ARM\x64" + bytes(4_000)


def kernel(stamp: bytes) -> bytes:
    """Something that says of itself that it is a 64-bit bzImage."""
    head = bytearray(4_096)
    head[0x1FE:0x200], head[0x202:0x206], head[0x236] = b"\x55\xaa", b"HdrS", 1
    return bytes(head) + stamp


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def sent(here: Place, content: bytes) -> str:
    with files.sending(here.desk, OWNER) as coming:
        coming.add(content)
        return coming.keep()


def host(name: str, *parts: BootFile, system: str = "x86_64-linux") -> FilesHost:
    return FilesHost(name, system, "linux", "console=ttyS0", parts)


def added(here: Place, made: FilesHost) -> str:
    """Its host id, once its source was read."""
    source = files.put_files(here.desk, OWNER, made).subject
    here.settled(source)
    return f"{source}/{made.name}"


def newest(here: Place, ident: str) -> Image:
    row = here.built(ident)
    assert row.state == "built", row.what
    return here.image(here.generations(ident)[0].image)


def content(image: Image, purpose: str) -> bytes:
    (segment,) = image.part(purpose).segments
    assert isinstance(segment, StoreFile)
    return Path(segment.file).read_bytes()


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_files_that_were_sent_become_an_image(here: Place) -> None:
    told = sent(here, kernel(b"one"))
    ramdisk = sent(here, b"a ramdisk")
    ident = added(
        here,
        host("sent", BootFile("kernel", "vmlinuz", told), BootFile("initrd", "initrd.gz", ramdisk)),
    )
    image = newest(here, ident)
    assert (image.recipe, image.watched, image.command_line) == ("linux", False, "console=ttyS0")
    assert content(image, "kernel") == kernel(b"one")
    assert content(image, "initrd") == b"a ramdisk"
    assert image.part("kernel").sha256 == hashlib.sha256(kernel(b"one")).hexdigest()
    until(lambda: here.table().hosts[ident].generations[0].state == "unwatched", "the table has it")


def test_other_files_are_a_new_generation_and_undo_is_one_more(here: Place) -> None:
    ident = added(here, host("twice", BootFile("kernel", "k", sent(here, kernel(b"a")))))
    first = newest(here, ident)
    other = host("twice", BootFile("kernel", "k", sent(here, kernel(b"b"))))
    source = ident.partition("/")[0]
    done = files.put_files(here.desk, OWNER, other, source)
    here.until_generation(ident, 2)
    assert newest(here, ident).id != first.id
    acts.undo(here.desk, OWNER, done.act)
    here.until_generation(ident, 3)
    assert newest(here, ident).id == first.id


def test_what_an_image_is_made_of_outlives_the_garbage_collector(here: Place) -> None:
    ident = added(here, host("kept", BootFile("kernel", "k", sent(here, kernel(b"kept")))))
    image = newest(here, ident)
    here.collect_garbage()
    assert content(image, "kernel") == kernel(b"kept")


def test_a_file_is_downloaded_when_its_address_gives_what_was_named(
    here: Place, tmp_path: Path
) -> None:
    (tmp_path / "linux").write_bytes(kernel(b"web"))
    digest = hashlib.sha256(kernel(b"web")).hexdigest()
    with web_server(tmp_path) as url:
        ident = added(here, host("web", BootFile("kernel", "linux", digest, f"{url}/linux")))
        image = newest(here, ident)
    assert content(image, "kernel") == kernel(b"web")


def test_a_download_with_another_checksum_is_never_served(here: Place, tmp_path: Path) -> None:
    (tmp_path / "linux").write_bytes(kernel(b"evil"))
    came, named = hashlib.sha256(kernel(b"evil")).hexdigest(), "ab" * 32
    with web_server(tmp_path) as url:
        ident = added(here, host("evil", BootFile("kernel", "linux", named, f"{url}/linux")))
        row = here.built(ident)
    assert row.state == "failed"
    assert f"its SHA-256 is {came}, and yours is {named}" in row.what
    assert here.generations(ident) == []


def test_an_address_that_is_gone_can_be_tried_again(here: Place, tmp_path: Path) -> None:
    digest = hashlib.sha256(kernel(b"late")).hexdigest()
    with web_server(tmp_path) as url:
        ident = added(here, host("late", BootFile("kernel", "late", digest, f"{url}/late")))
        row = here.built(ident)
        assert (row.state, "404" in row.what) == ("failed", True), row.what
        (tmp_path / "late").write_bytes(kernel(b"late"))
        images.build_host(here.desk, OWNER, ident)
        here.until_generation(ident, 1)


def test_a_packed_kernel_is_served_unpacked(here: Place) -> None:
    told = sent(here, gzip.compress(ARM))
    ident = added(
        here, host("packed", BootFile("kernel", "Image.gz", told), system="aarch64-linux")
    )
    image = newest(here, ident)
    here.collect_garbage()
    assert content(image, "kernel") == ARM
    assert image.part("kernel").sha256 == hashlib.sha256(ARM).hexdigest()


def test_a_device_tree_is_a_part_of_its_image(here: Place) -> None:
    tree = b"\xd0\x0d\xfe\xed" + bytes(100)
    parts = (
        BootFile("kernel", "Image", sent(here, ARM + b"board")),
        BootFile("dtb", "board.dtb", sent(here, tree)),
    )
    image = newest(here, added(here, host("board", *parts, system="aarch64-linux")))
    assert content(image, "dtb") == tree


def test_a_downloaded_kernel_for_another_processor_is_not_built(
    here: Place, tmp_path: Path
) -> None:
    (tmp_path / "arm").write_bytes(ARM)
    digest = hashlib.sha256(ARM).hexdigest()
    with web_server(tmp_path) as url:
        row = here.built(added(here, host("arm", BootFile("kernel", "arm", digest, f"{url}/arm"))))
    assert row.what == "arm is made for aarch64, and the host is for x86_64."


def test_a_sent_kernel_for_another_processor_is_refused_at_once(here: Place) -> None:
    made = host("wrong", BootFile("kernel", "arm", sent(here, ARM)))
    with pytest.raises(Refused, match="arm is made for aarch64") as refused:
        files.put_files(here.desk, OWNER, made)
    assert refused.value.problems[0].where == ("files", 0, "sha256")


def test_what_was_sent_goes_once_an_image_has_it(here: Place) -> None:
    told = sent(here, gzip.compress(ARM + b"once"))
    files.sweep_files(here.desk)
    made = host("once", BootFile("kernel", "Image.gz", told), system="aarch64-linux")
    ident = added(here, made)
    newest(here, ident)
    sent(here, gzip.compress(ARM + b"once", mtime=1))  # somebody else is about to name others
    assert arrived(here.state, told) is not None
    os.utime(here.state / "uploads" / told, (1e9, 1e9))
    files.sweep_files(here.desk)
    assert arrived(here.state, told) is None
    files.put_files(here.desk, OWNER, replace(made, command_line="debug"), ident.partition("/")[0])
    here.until_generation(ident, 2)


def test_files_are_no_part_of_the_binary_cache(here: Place) -> None:
    ident = added(here, host("apart", BootFile("kernel", "k", sent(here, kernel(b"apart")))))
    image = newest(here, ident)
    assert store_paths(image) == set()
    until(lambda: here.desk.reads.cache(), "the cache was made")
    facts = here.desk.reads.cache()
    assert facts is not None
    assert facts.problem == ""


def test_a_removed_host_is_not_served_any_more(here: Place) -> None:
    ident = added(here, host("gone", BootFile("kernel", "k", sent(here, kernel(b"gone")))))
    newest(here, ident)
    sources.remove_source(here.desk, OWNER, ident.partition("/")[0])
    here.until_unserved(ident)

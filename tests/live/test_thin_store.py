"""The first stage's script under real shells, fetching from a real HTTP server on loopback."""

import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

ADAPTER = Path(__file__).parents[2] / "services/nix/adapter"
STORE = os.urandom((3 << 20) + 123)  # no multiple of a page
SHA256 = hashlib.sha256(STORE).hexdigest()


class Router(ThreadingHTTPServer):
    """Serves STORE with ranges; each answer breaks off after `cut` bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.cut = len(STORE)
        self.status = 0
        self.asked: list[str] = []
        self.ranges: list[str | None] = []

    def url(self, sha256: str = SHA256) -> str:
        return f"http://127.0.0.1:{self.server_port}/b/token/{sha256}/store.squashfs"


class Answer(BaseHTTPRequestHandler):
    server: Router

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if "/err?" in self.path or self.server.status:
            self.send_response(self.server.status or 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(STORE) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(STORE) - 1}/{len(STORE)}")
        self.end_headers()
        self.wfile.write(STORE[start : start + self.server.cut])
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def router() -> Iterator[Router]:
    with Router() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@dataclass
class Stage:
    """What is around the script; `run` starts it in a mount namespace of its own."""

    place: Path
    shell: str
    words: list[str] = field(default_factory=list)
    free: int = 1 << 30  # bytes

    def run(self) -> "subprocess.CompletedProcess[str]":
        place = self.place
        (place / "cmdline").write_text(" ".join(["quiet", *self.words, "panic=1"]))
        (place / "meminfo").write_text(
            f"MemTotal: 9 kB\nMemAvailable: {self.free >> 10} kB\nBuffers: 1 kB\n"
        )
        # What the script leaves lies in its tmpfs, so the sum is taken before the namespace ends.
        script = f"{ADAPTER / 'thin-store.sh'}"
        after = f". {script}; sha256sum < {place}/link | cut -c 1-64 > {place}/sum"
        return subprocess.run(
            ["unshare", "--mount", *self.shell.split(), "-ec", after],
            env={
                "PATH": os.environ["PATH"],
                "NIXIE_CMDLINE": str(place / "cmdline"),
                "NIXIE_MEMINFO": str(place / "meminfo"),
                "NIXIE_PLACE": str(place / "store"),
                "NIXIE_LINK": str(place / "link"),
                "NIXIE_PATIENCE": "2",
            },
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    @property
    def sum(self) -> str:
        """Of what lay where the store is looked for."""
        file = self.place / "sum"
        return file.read_text().strip() if file.exists() else ""


@pytest.fixture(params=["bash", "busybox sh"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, router: Router) -> Stage:
    """Asked for the router's store, by curl under either shell."""
    shell: str = request.param
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"{shell} is not installed here")
    words = [f"nixie.store={router.url()}", f"nixie.store-size={len(STORE)}"]
    return Stage(tmp_path, shell, words)


def test_the_store_lies_where_it_is_looked_for(stage: Stage) -> None:
    done = stage.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert stage.sum == SHA256


def test_without_the_words_nothing_is_fetched(stage: Stage, router: Router) -> None:
    stage.words.clear()
    (stage.place / "link").write_bytes(b"inside")
    assert stage.run().returncode == 0
    assert router.asked == []


def test_a_download_that_breaks_off_goes_on(stage: Stage, router: Router) -> None:
    router.cut = 1 << 20
    done = stage.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert stage.sum == SHA256
    assert router.ranges[0] is None
    assert len(router.ranges) >= 3
    assert "going on after 1 MiB" in done.stdout


def test_a_store_with_another_hash_is_refused_and_told(stage: Stage, router: Router) -> None:
    stage.words[0] = f"nixie.store={router.url('0' * 64)}"
    done = stage.run()
    assert done.returncode == 1
    assert "is not the one that was announced: it is refused" in done.stdout
    assert stage.sum == ""
    assert router.asked[-1] == "/b/token/err?at=store&errno=wrong-hash"


def test_a_machine_with_too_little_memory_says_so_before_it_begins(
    stage: Stage, router: Router
) -> None:
    stage.free = 1 << 20
    done = stage.run()
    assert done.returncode == 1
    assert "it does not fit: only 1 MiB of memory are free, and 32 MiB must stay" in done.stdout
    assert router.asked == ["/b/token/err?at=store&errno=no-memory"]


def test_what_the_host_needs_to_start_stays_free(stage: Stage, router: Router) -> None:
    stage.free = len(STORE) + (32 << 20) - 1024
    assert stage.run().returncode == 1
    assert router.asked == ["/b/token/err?at=store&errno=no-memory"]


def test_a_store_that_just_fits_is_fetched(stage: Stage) -> None:
    stage.free = len(STORE) + (33 << 20)
    assert stage.run().returncode == 0
    assert stage.sum == SHA256


def test_a_store_that_is_given_out_no_more_is_not_asked_for_again(
    stage: Stage, router: Router
) -> None:
    router.status = 410
    done = stage.run()
    assert done.returncode == 1
    assert "does not give this store out any more" in done.stdout
    assert router.asked[-1] == "/b/token/err?at=store&errno=http-410"
    assert len(router.asked) == 2


def test_a_router_that_does_not_answer_is_waited_for(stage: Stage) -> None:
    stage.words[0] = f"nixie.store=http://127.0.0.1:9/b/token/{SHA256}/store.squashfs"
    done = stage.run()
    assert done.returncode == 1
    assert "no answer from 127.0.0.1:9 yet" in done.stdout
    assert "was silent for too long" in done.stdout


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ("quiet BOOTIF=01-52-54-00-11-22-33", "PermanentMACAddress=52:54:00:11:22:33"),
        ("quiet", "Type=ether"),
    ],
)
def test_networkd_asks_through_the_card_of_the_boot(tmp_path: Path, words: str, match: str) -> None:
    (tmp_path / "cmdline").write_text(words)
    subprocess.run(
        ["sh", "-e", str(ADAPTER / "thin-network.sh")],
        env={
            "PATH": os.environ["PATH"],
            "NIXIE_CMDLINE": str(tmp_path / "cmdline"),
            "NIXIE_NETWORKS": str(tmp_path / "network"),
        },
        check=True,
    )
    told = (tmp_path / "network/00-nixie.network").read_text()
    assert f"[Match]\n{match}\n" in told
    assert "ClientIdentifier=mac" in told

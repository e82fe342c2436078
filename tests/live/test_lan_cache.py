"""The router as the binary cache of its networks, with real Nix as client."""

import json
import os
import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest

from services.nix.store_path import STORE
from tests.live.cache_place import Cache, caching, client, files
from tests.live.nix_place import NIX, OLD_NIX, Place, place
from tests.live.test_cache_script import command_line, included
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

LARGE = 80  # MB of one file; before it are 4,000 of 4 kB, in 40 folders
FLAKE = flake("ember")
FLAKE["flake.nix"] = (
    str(FLAKE["flake.nix"])
    .replace(
        'squashfsStore = run "squashfs-${name}" "echo store of',
        'squashfsStore = run "squashfs-${name}" "echo ${toplevel} > /dev/null; echo store of',
    )
    .replace("build = {", "build = rec {")
    .replace(
        'toplevel = run "system-${name}" "b mkdir $out; echo > $out/init"',
        'program = run "program" "b mkdir -p $out/bin $out/a; b cp ${shell}/busybox $out/bin/sh;'
        " text=$(b head -c 4000 /dev/zero | b tr '\\\\0' x);"
        " for m in $(b seq 40); do b mkdir $out/a/$m;"
        " for n in $(b seq 100); do echo $text > $out/a/$m/$n; done; done;"
        f' b dd if=/dev/urandom of=$out/large bs=1M count={LARGE}";'
        ' toplevel = run "system-${name}"'
        ' "b mkdir $out; echo ${program} ${./secret.yaml} ${self} > $out/init"',
    )
)
FLAKE["secret.yaml"] = "password: swordfish\n"


@pytest.fixture(scope="module")
def cache() -> Iterator[Cache]:
    """A published host whose system uses a program, a file of the flake and the flake itself."""
    with place() as made:
        source = made.add(f"path:{made.flake('cached', FLAKE)}")
        row = made.built(f"{source}/ember")
        assert row.state == "built", row.what
        with caching(made) as running:
            running.has(system(running))
            yield running


def system(cache: Cache) -> str:
    (manifest,) = (cache.made.state / "published/images").glob("*.json")
    return cache.made.image(manifest.stem).toplevel


def store(cache: Cache, name: str) -> str:
    """The path of that name in the router's store."""
    found = (cache.made.store.root / "nix/store").glob(f"*-{name}")
    return f"{STORE}/{next(one.name for one in found)}"


def asked(cache: Cache, path: str, *, key: str = "", url: str = "") -> list[str]:
    """How a client asks for a path."""
    words = ["build", path, "--no-link", "--substituters", url or cache.url, "-j0"]
    return [*words, "--trusted-public-keys", key or cache.facts.key]


# ── what it gives ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nix", [NIX, OLD_NIX], ids=["new", "old"])
def test_nix_fetches_and_verifies_what_was_built(cache: Cache, nix: Path) -> None:
    path = store(cache, "program")
    folder = cache.made.folder / f"client-{nix.parts[-4]}"
    done = client(folder, *asked(cache, path), nix=nix)
    assert done.returncode == 0, done.stderr
    got = folder / "root" / path.lstrip("/")
    there = cache.made.store.file(path)
    assert (got / "large").read_bytes() == (there / "large").read_bytes()
    assert os.access(got / "bin/sh", os.X_OK)
    key = ("--trusted-public-keys", cache.facts.key)
    done = client(folder, "store", "verify", path, "--sigs-needed", "1", *key, nix=nix)
    assert done.returncode == 0, done.stderr


def test_a_whole_system_comes_to_who_has_evaluated_its_flake(cache: Cache) -> None:
    path, folder = system(cache), cache.made.folder / "evaluated"
    assert client(folder, *asked(cache, path)).returncode != 0  # its sources are not given
    closure = cache.made.client("nix-store", "-qR", path).split()
    kept_back = [one for one in closure if not cache.narinfo(one)]
    there = ("--no-check-sigs", "--from", f"local?root={cache.made.store.root}")
    copied = client(folder, "copy", *there, *kept_back)
    assert copied.returncode == 0, copied.stderr
    done = client(folder, *asked(cache, path))
    assert done.returncode == 0, done.stderr
    assert (folder / "root" / path.lstrip("/") / "init").exists()


def test_its_signatures_are_those_of_nix(cache: Cache) -> None:
    """`nix store sign` with the same key puts the same bytes into a cache of files."""
    path, folder = store(cache, "program"), cache.made.folder / "signing"
    secret = cache.made.state / "secrets/build/cache-key"
    assert client(folder, *asked(cache, path)).returncode == 0
    signed = client(
        folder, "copy", "--to", f"file://{folder}/files?compression=none&secret-key={secret}", path
    )
    assert signed.returncode == 0, signed.stderr
    (info,) = (folder / "files").glob("*.narinfo")
    told = re.findall(r"^Sig: (.+)$", info.read_text(), re.MULTILINE)
    assert told == [cache.narinfo(path)["Sig"]]
    words = [str(NIX), "--extra-experimental-features", "nix-command", "key"]
    public = subprocess.run(
        [*words, "convert-secret-to-public"], input=secret.read_bytes(), capture_output=True
    )
    assert public.stdout.decode() == cache.facts.key


def test_the_key_is_read_by_the_role_build_alone(cache: Cache) -> None:
    found = (cache.made.state / "secrets/build/cache-key").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == (cache.made.state / "build.db").stat().st_uid


def test_another_key_is_refused(cache: Cache) -> None:
    name = cache.facts.key.partition(":")[0]
    done = client(
        cache.made.folder / "stranger",
        *asked(cache, store(cache, "program"), key=f"{name}:{'A' * 43}="),
    )
    assert done.returncode != 0


class Tampering(BaseHTTPRequestHandler):
    """Passes on what the router says, with one byte of each archive turned."""

    protocol_version = "HTTP/1.1"

    def __init__(self, server: str, *rest: object) -> None:
        self._server = server
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        with urlopen(f"http://{self._server}{self.path}", timeout=60) as answer:
            body = bytearray(answer.read())
        if self.path.endswith(".nar"):
            body[len(body) // 2] ^= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def tampering(server: str) -> Iterator[str]:
    between = ThreadingHTTPServer(("127.0.0.1", 0), partial(Tampering, server))
    thread = Thread(target=between.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{between.server_port}/cache"
    finally:
        between.shutdown()
        thread.join(30)
        between.server_close()


def test_a_tampered_archive_is_refused(cache: Cache) -> None:
    with tampering(cache.server) as url:
        folder = cache.made.folder / "tampered"
        done = client(folder, *asked(cache, store(cache, "program"), url=url))
    assert done.returncode != 0
    assert "hash mismatch" in done.stderr


@pytest.mark.parametrize("nix", [NIX, OLD_NIX], ids=["new", "old"])
@pytest.mark.parametrize("priority", ["", "Priority: 30\n"], ids=["silent", "as ours"])
def test_a_machine_that_we_booted_asks_the_router_first(
    cache: Cache, tmp_path: Path, nix: Path, priority: str
) -> None:
    """Its nix.conf names another cache that has everything, and then includes what cache.sh
    wrote."""
    path = store(cache, "initrd-ember")
    copied = client(tmp_path, *asked(cache, path))
    assert copied.returncode == 0, copied.stderr
    copied = client(tmp_path, "copy", "--to", f"file://{tmp_path}/other", path)
    assert copied.returncode == 0, copied.stderr
    with (tmp_path / "other/nix-cache-info").open("a") as info:
        info.write(priority)
    line = command_line(f"{cache.url}={cache.facts.key}")
    told = included(tmp_path, ("busybox", "sh", "-eu"), line)
    conf = tmp_path / "conf"
    conf.mkdir()
    with files(tmp_path / "other") as (other, other_was_asked):
        for what in ("", f"!include {told}\n"):
            other_was_asked.clear()
            (conf / "nix.conf").write_text(f"substituters = http://{other}?trusted=1\n{what}")
            words = ("build", path, "--no-link", "-j0")
            done = client(tmp_path / f"client-{len(what)}", *words, nix=nix, conf=conf)
            assert done.returncode == 0, done.stderr
            assert any(one.startswith("/nar/") for one in other_was_asked) is not bool(what)


# ── what it does not give ────────────────────────────────────────────────────────────────────────


def test_no_source_of_the_flake_is_given(cache: Cache) -> None:
    closure = cache.made.client("nix-store", "-qR", system(cache)).split()
    kept_back = [one for one in closure if not cache.narinfo(one)]
    names = {one.partition("-")[2] for one in kept_back}
    assert names == {"source", "secret.yaml"}
    assert {one.partition("-")[2] for one in closure if one not in kept_back} == {
        "program",
        "system-ember",
    }


def test_a_file_of_the_flake_has_no_archive_either(cache: Cache) -> None:
    path = store(cache, "*secret.yaml")
    told = cache.made.client("nix-store", "--query", "--hash", path).strip()
    name = f"{path[len(STORE) + 1 :][:32]}-{told.removeprefix('sha256:')}.nar"
    assert cache.ask(f"nar/{name}")[0] == 404


@pytest.mark.parametrize("name", ["*.drv", "kernel.drv"])
def test_no_derivation_is_given(cache: Cache, name: str) -> None:
    assert not cache.narinfo(store(cache, name))


def test_what_was_built_for_no_image_is_not_given(cache: Cache) -> None:
    expression = (
        'derivation { name = "other"; system = "x86_64-linux"; builder = "/bin/sh";'
        ' args = [ "-c" "echo > $out" ]; }'
    )
    words = ("build", "--extra-experimental-features", "nix-command", "--impure", "--no-link")
    cache.made.client("nix", *words, "--expr", expression)
    assert not cache.narinfo(store(cache, "other"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../published/cache.json",
        "%2e%2e/cache.json",
        "nar/../../cache.json",
        f"{'0' * 32}.narinfo",
        f"{'0' * 32}/../../table.json",
        f"nar/{'0' * 32}-{'0' * 52}.nar",
        "log/x.drv",
        "realisations/x.doi",
    ],
)
def test_there_is_nothing_else(cache: Cache, path: str) -> None:
    with socket.create_connection(address(cache)) as line:
        line.sendall(f"GET /cache/{path} HTTP/1.0\r\n\r\n".encode())
        told = b"".join(iter(lambda: line.recv(4096), b""))
    assert told.startswith((b"HTTP/1.0 404", b"HTTP/1.1 404", b"HTTP/1.0 302")), told
    assert b"KEY" not in told


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_it_is_read_only(cache: Cache, method: str) -> None:
    name = store(cache, "program")[len(STORE) + 1 :][:32]
    assert cache.ask(f"{name}.narinfo", method)[0] == 405


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────


def address(cache: Cache) -> tuple[str, int]:
    where, _, port = cache.server.partition(":")
    return where, int(port)


def nar(cache: Cache, name: str = "program") -> tuple[str, bytes]:
    """An archive's address below /cache/, and its bytes as Nix makes them."""
    path = store(cache, name)
    dumped = subprocess.run(
        [cache.made.store.program("nix-store"), "--dump", cache.made.store.file(path)],
        capture_output=True,
        check=True,
    )
    return cache.narinfo(path)["URL"], dumped.stdout


@pytest.mark.parametrize("span", ["0-0", "1000-2000", "-8", "500-", "40000000-", "1300000-1500000"])
def test_a_range_is_those_bytes(cache: Cache, span: str) -> None:
    path, whole = nar(cache)
    first, _, last = span.partition("-")
    start = int(first) if first else len(whole) - int(last)
    stop = int(last) + 1 if first and last else len(whole)
    assert cache.ask(path, Range=f"bytes={span}") == (206, whole[start:stop])


def test_a_range_behind_the_end_is_refused(cache: Cache) -> None:
    path, whole = nar(cache)
    assert cache.ask(path, Range=f"bytes={len(whole)}-")[0] == 416


def test_head_has_the_length_and_no_body(cache: Cache) -> None:
    path, whole = nar(cache)
    with socket.create_connection(address(cache)) as line:
        line.sendall(f"HEAD /cache/{path} HTTP/1.0\r\n\r\n".encode())
        told = b"".join(iter(lambda: line.recv(4096), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert b"Accept-Ranges: bytes" in head
    assert body == b""


def memory(cache: Cache) -> int:
    """Bytes that the role holds by itself: what it shares with files is not counted."""
    told = Path(f"/proc/{cache.process}/status").read_text()
    return int(re.findall(r"RssAnon:\s+(\d+) kB", told)[0]) << 10


@pytest.mark.parametrize("start", [0, 40_000_000], ids=["small files", "a large file"])
def test_a_hundred_clients_cost_little_memory(cache: Cache, start: int) -> None:
    path, whole = nar(cache)
    assert cache.ask(path)[1] == whole
    before, lines = memory(cache), []
    for _ in range(100):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)  # takes next to nothing
        line.connect(("127.0.0.1", int(cache.server.partition(":")[2])))
        line.sendall(f"GET /cache/{path} HTTP/1.0\r\nRange: bytes={start}-\r\n\r\n".encode())
        lines.append(line)
    for line in lines:
        assert line.recv(1)
    until(lambda: cache.ask("nix-cache-info")[0] == 200, "it answers others meanwhile")
    held = memory(cache) - before
    assert held < 16 << 20, held
    body = b"".join(iter(lambda: lines[-1].recv(1 << 20), b"")).partition(b"\r\n\r\n")[2]
    assert body == whole[start:]
    for line in lines:
        line.close()
    assert cache.ask(path)[1] == whole


# ── its life ─────────────────────────────────────────────────────────────────────────────────────


def test_where_it_is_off_nothing_is_there(cache: Cache) -> None:
    name = store(cache, "program")[len(STORE) + 1 :][:32]
    paths = ("nix-cache-info", f"{name}.narinfo", nar(cache)[0])
    assert {cache.ask(path, "HEAD")[0] for path in paths} == {200}
    cache.switch(on=False)
    until(lambda: cache.ask(paths[0])[0] == 404, "it is off")
    assert {cache.ask(path)[0] for path in paths} == {404}
    cache.switch(on=True)
    until(lambda: cache.ask(paths[0])[0] == 200, "it is on again")


def test_a_role_that_starts_again_keeps_its_key(cache: Cache) -> None:
    before = (cache.facts, cache.narinfo(store(cache, "program")))
    cache.made.kill_role()
    file = cache.made.state / "published/cache.json"
    written = file.stat().st_mtime_ns
    cache.made.start_role()
    until(lambda: file.stat().st_mtime_ns != written, "the role looked again")
    assert (cache.facts, cache.narinfo(store(cache, "program"))) == before


def test_a_path_that_is_gone_is_not_promised() -> None:
    with place() as made:
        source = made.add(f"path:{made.flake('cached', FLAKE)}")
        assert made.built(f"{source}/ember").state == "built"
        with caching(made) as cache:
            path = system(cache)
            cache.has(path)
            address = cache.narinfo(path)["URL"]
            made.collect_garbage()
            assert not cache.made.store.file(path).exists()
            assert not cache.narinfo(path)
            assert cache.ask(address)[0] == 404
            assert cache.narinfo(store(cache, "initrd-ember"))


def published(made: Place) -> set[str]:
    return {one.stem for one in (made.state / "published/cache").glob("*.narinfo")}


def test_what_belongs_to_no_image_any_more_is_forgotten(cache: Cache) -> None:
    folder = cache.made.state / "published/cache"
    stray = folder / f"{'0' * 32}.narinfo"
    stray.write_text("StorePath: x\n")
    cache.made.kill_role()
    cache.made.start_role()
    until(lambda: not stray.exists(), "the stray narinfo is gone")
    assert json.loads((folder.parent / "cache.json").read_text())["paths"] == len(
        published(cache.made)
    )

"""The 32 secret bytes of a machine's key: taken out of its own memory, and looked for elsewhere."""

import base64
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from appliance.model.identity import fingerprint, ssh_key

KEY_FILE = re.compile(
    rb"-----BEGIN OPENSSH PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{300,500}"
    rb"\n-----END OPENSSH PRIVATE KEY-----\n"
)
PIECE_BYTES = 16 << 20
OVERLAP_BYTES = 4 << 10


def in_memory(mac: str, named: str) -> bytes:
    """The secret of the key with that fingerprint, out of the memory of the running machine."""
    for piece in _memory(_process(mac)):
        for found in KEY_FILE.findall(piece):
            with suppress(ValueError):  # half of it was overwritten
                key = load_ssh_private_key(found, None)
                assert isinstance(key, Ed25519PrivateKey)
                if fingerprint(ssh_key(key.public_key().public_bytes_raw())) == named:
                    return key.private_bytes_raw()
    raise AssertionError(f"{named} is nowhere in the memory of {mac}")


def holders(secret: bytes, places: Iterable[Path]) -> list[Path]:
    """The files at and below `places` that hold it: as it is, in hexadecimal, or in Base64.

    ssh's file has all of it in one line, after 161 bytes; after any other count of bytes the
    middle of its Base64 is the same as after none, one or two.
    """
    told = secret.hex().encode()
    encoded = (base64.b64encode(bytes(shift) + secret)[4:40] for shift in range(3))
    forms = (secret, told, told.upper(), *encoded)
    return [file for place in places for file in _files(place) if _has(file, forms)]


def _has(file: Path, forms: Iterable[bytes]) -> bool:
    try:
        content = file.read_bytes()
    except FileNotFoundError:  # it went meanwhile
        return False
    return any(one in content for one in forms)


def _files(place: Path) -> Iterator[Path]:
    for one in (place, *place.rglob("*")):
        with suppress(FileNotFoundError):
            if stat.S_ISREG(one.lstat().st_mode):
                yield one


def _process(mac: str) -> int:
    """QEMU's, for the machine with that MAC."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().split(b"\0")
            if b"qemu-system" in words[0] and any(mac.encode() in word for word in words):
                return int(place.parent.name)
    raise AssertionError(f"no machine runs with {mac}")


def _memory(process: int) -> Iterator[bytes]:
    """What it has written to its memory, in pieces that overlap."""
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            first, last = (int(one, 16) for one in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                for at in range(first, last, PIECE_BYTES):
                    with suppress(OSError):
                        memory.seek(at)
                        yield memory.read(min(PIECE_BYTES + OVERLAP_BYTES, last - at))

"""Names in the store: what a store path looks like, and which one a tree of known hash has.

A fetched tree is stored under a path that follows from its NAR hash alone, so whether it is already
there, and what to keep from the garbage collector, is known before anything is fetched.
"""

import base64
import hashlib
import re

STORE = "/nix/store"
ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"  # nix's base 32: no e, o, u, t
NAME = r"[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]{1,211}"
STORE_PATH = re.compile(rf"/nix/store/{NAME}")
NAR_HASH = re.compile(r"sha256-[A-Za-z0-9+/]{43}=")


def is_store_path(text: str) -> bool:
    """One whole top-level path below /nix/store, nothing after it."""
    return STORE_PATH.fullmatch(text) is not None


def is_derivation(text: str) -> bool:
    """The store path of a derivation."""
    return is_store_path(text) and text.endswith(".drv")


def store_path_of(file: str) -> str:
    """The store path that a file on disk lies in, "" when it is in none.

    >>> store_path_of("/var/s/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-linux/bzImage")
    '/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-linux'
    """
    found = STORE_PATH.search(file)
    return found[0] if found else ""


def tree_path(nar_hash: str, name: str = "source") -> str:
    """The store path of a fetched tree; `nar_hash` as in flake.lock.  Raises ValueError.

    >>> tree_path("sha256-X0eCw84agZRbXb/27vX4DPezced0d9t/jFVebVOSwHM=")
    '/nix/store/kgw7rg3s82zrnm48y5g0c0y0vqmq1sz9-source'
    """
    if not NAR_HASH.fullmatch(nar_hash):
        raise ValueError(f"{nar_hash!r} is not a NAR hash")
    digest = base64.b64decode(nar_hash.removeprefix("sha256-")).hex()
    told = f"source:sha256:{digest}:{STORE}:{name}"
    return f"{STORE}/{base32(folded(hashlib.sha256(told.encode()).digest()))}-{name}"


def file_path(sha256: str) -> str:
    """The store path of a file that is called by its own SHA-256 (hex), as we add files.

    >>> file_path("ab" * 32)
    '/nix/store/ya6anqxl3rrvaafp1s6hwsaiy4zcf609-abababababababababababababababababababababababababababababababab'
    """
    name = hashlib.sha256(f"fixed:out:sha256:{sha256}:".encode()).hexdigest()
    told = f"output:out:sha256:{name}:{STORE}:{sha256}"
    return f"{STORE}/{base32(folded(hashlib.sha256(told.encode()).digest()))}-{sha256}"


def folded(digest: bytes, size: int = 20) -> bytes:
    """`digest` folded to `size` bytes by exclusive or, as store path names are."""
    short = bytearray(size)
    for index, byte in enumerate(digest):
        short[index % size] ^= byte
    return bytes(short)


def base32(raw: bytes) -> str:
    """Nix's base 32: least significant digit last, no padding.

    >>> base32(bytes([1]))
    '01'
    """
    digits = (len(raw) * 8 + 4) // 5
    number = int.from_bytes(raw, "little")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(digits)))

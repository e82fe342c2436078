"""A host from files: other operating systems, from a kernel or an EFI program and its checksums.

It stands where a flake would: its source has one host, and each new set of files is a revision of
it.  Standard library only.
"""

import binascii
import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused
from appliance.model.builders import SYSTEMS
from appliance.model.command_line import LONGEST, passes
from appliance.model.images import DTB
from appliance.model.names import HOST_NAME

SCHEME = "files:"
"""What the address of such a source begins with; the host's name follows."""
RECIPES: Mapping[str, tuple[str, ...]] = {"linux": ("kernel", "initrd", DTB), "efi": ("program",)}
"""How it is started → what its files may be for; the first is needed, and there is one of it."""
TREE_SYSTEM = "aarch64-linux"
"""What a device tree is for: machines that start by U-Boot."""
MOST_FILES = 9
LARGEST_FILE = (4 << 30) - 1
"""Bytes: firmware and iPXE load less than 4 GiB."""
LONGEST_URL = 1_024
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BootFile:
    """One file; `sha256` in hex.  Without a `url` it was sent to the router by its owner."""

    purpose: str  # of RECIPES
    name: str
    sha256: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class FilesHost:
    """What is booted: files in the order in which they are loaded."""

    name: str
    system: str
    recipe: str
    command_line: str
    files: tuple[BootFile, ...]

    @property
    def digest(self) -> str:
        """The whole of it as one hash, in the form of a NAR hash."""
        told = hashlib.sha256(to_text(self).encode()).digest()
        return f"sha256-{b64encode(told).decode()}"


def to_text(host: FilesHost) -> str:
    """The form that rows keep."""
    return json.dumps(asdict(host), sort_keys=True)


def from_text(stored: str) -> FilesHost:
    """Read what `to_text` made."""
    return from_json(json.loads(stored))


def from_json(told: Mapping[str, Any]) -> FilesHost:
    """Read the JSON object of `to_text`."""
    return FilesHost(**{**told, "files": tuple(BootFile(**one) for one in told["files"])})


def is_files(stored: object) -> bool:
    """Whether a recipe of build.db is of files, and not of derivations."""
    return isinstance(stored, dict) and "files" in stored


def checked(host: FilesHost) -> FilesHost:
    """The same in its one form: checksums in hex, one blank between words.

    Raises Refused with a problem for each thing that cannot be.
    """
    files, problems = [], list(_about(host))
    for place, one in enumerate(host.files):
        sha256 = digest_of(one.sha256)
        problems += _of_file(one, sha256, host, place)
        files.append(BootFile(one.purpose, one.name, sha256, one.url))
    if problems:
        raise Refused(*problems)
    line = passes(host.command_line)
    return FilesHost(host.name, host.system, host.recipe, line, tuple(files))


def digest_of(text: str) -> str:
    """A SHA-256 as people write it, in hex; "" when it is none.

    >>> digest_of("SHA256:" + "AB" * 32) == "ab" * 32
    True
    >>> digest_of("sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=")[:8], digest_of("abc")
    ('9f86d081', '')
    """
    plain = text.strip()
    if plain.startswith("sha256-"):
        try:
            plain = b64decode(plain.removeprefix("sha256-"), validate=True).hex()
        except binascii.Error:
            return ""
    plain = plain.lower().removeprefix("sha256:")
    return plain if HEX.fullmatch(plain) else ""


def changes(old: FilesHost | None, new: FilesHost) -> tuple[str, ...]:
    """What differs, as sentences; nothing for the first of a host."""
    if old is None:
        return ()
    told = []
    before = {one.sha256 for one in old.files}
    after = {one.sha256 for one in new.files}
    told += [f"{one.purpose} {one.name} is new." for one in new.files if one.sha256 not in before]
    told += [f"{one.purpose} {one.name} is gone." for one in old.files if one.sha256 not in after]
    if old.command_line != new.command_line:
        told.append(f"The command line is now: {new.command_line or 'empty'}.")
    if (old.system, old.recipe) != (new.system, new.recipe):
        told.append(f"It is for {new.system}, started as {new.recipe}.")
    return tuple(told)


def _about(host: FilesHost) -> Iterator[Problem]:
    if not HOST_NAME.fullmatch(host.name):
        yield Problem(("name",), "A name begins with a letter; letters, digits, . - _ follow.")
    if host.system not in SYSTEMS:
        yield Problem(("system",), f"A system is one of {', '.join(SYSTEMS)}.")
    if host.recipe not in RECIPES:
        yield Problem(("recipe",), "It is started as linux, or as efi.")
    try:
        if len(passes(host.command_line)) > LONGEST:
            yield Problem(("command_line",), f"At most {LONGEST} characters are taken.")
    except ValueError as wrong:
        yield Problem(("command_line",), f"This does not work: {wrong}.")
    yield from _counted(host)


def _counted(host: FilesHost) -> Iterator[Problem]:
    first = RECIPES.get(host.recipe, ("kernel",))[0]
    if sum(one.purpose == first for one in host.files) != 1:
        yield Problem(("files",), f"Exactly one file is the {first}.")
    if sum(one.purpose == DTB for one in host.files) > 1:
        yield Problem(("files",), "At most one file is the device tree.")
    if len(host.files) > MOST_FILES:
        yield Problem(("files",), f"At most {MOST_FILES} files are taken; put initrds together.")


def _of_file(one: BootFile, sha256: str, host: FilesHost, place: int) -> Iterator[Problem]:
    if one.purpose not in RECIPES.get(host.recipe, (one.purpose,)):
        yield Problem(("files", place, "purpose"), f"{host.recipe} has no {one.purpose}.")
    elif one.purpose == DTB and host.system != TREE_SYSTEM:
        what = f"A device tree is for {TREE_SYSTEM}: other machines know their own devices."
        yield Problem(("files", place, "purpose"), what)
    if not FILE_NAME.fullmatch(one.name):
        what = "A file's name has letters, digits, . _ + and -, at most 100."
        yield Problem(("files", place, "name"), what)
    if not sha256:
        what = "The SHA-256 is missing: 64 hexadecimal digits, as sha256sum prints them."
        yield Problem(("files", place, "sha256"), what)
    if one.url and (wrong := _wrong_url(one.url)):
        yield Problem(("files", place, "url"), wrong)


def url_name(url: str) -> str:
    """What a downloaded file is called, by its address.

    >>> url_name("https://example.org/a/vmlinuz-6.1?x=1"), url_name("https://example.org/")
    ('vmlinuz-6.1', 'file')
    """
    last = urlsplit(url).path.rpartition("/")[2] if is_url(url) else ""
    return file_name(last)


def file_name(given: str) -> str:
    """A file's name with what URLs and scripts do not take replaced.

    >>> file_name("C:\\\\boot\\\\my kernel"), file_name("")
    ('my-kernel', 'file')
    """
    last = re.split(r"[/\\]", given)[-1]
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", last).strip("-.+")[:100] or "file"


def is_url(text: str) -> bool:
    """Whether it can be downloaded from there."""
    return not _wrong_url(text)


def _wrong_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(url) > LONGEST_URL or not re.fullmatch(r"[\x21-\x7e]+", url):
        return "An address begins with https:// or http:// and has no blanks."
    if parts.username or parts.password:
        return "An address with a password in it would be shown to everybody. Leave that out."
    return ""

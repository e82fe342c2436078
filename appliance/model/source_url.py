"""The address of a flake, as an owner types it.

Text in, value out, or `NotASource` with a sentence that says what is wrong and what to write
instead.  The grammar is the part of Nix's flake references that Nixie fetches by itself: forges
(`github:` `gitlab:` `sourcehut:`), `git+https:` and `git+ssh:`, `https:` archives, and `git+file:`
and `path:` below directories that the owner allowed.  Registry names and the part after `#` are
refused: a source is a whole flake, named without anybody's registry.

A leading `-`, white space, control characters, quotes and everything outside ASCII are refused
before anything else is looked at, so that no part can later be taken for an option of a command.

Standard library only: `build` and the broker's verbs read it too.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlencode

from appliance.model.source_options import (
    HOME_ENDINGS,
    NotASource,
    branch,
    is_commit,
    known_only,
    options_of,
    server_name,
)

__all__ = ("NotASource", "SourceUrl", "parse")

LONGEST = 1024  # characters
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tbz2", ".tar.zst", ".zip")
FORGE_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}
GIT_OPTIONS = ("ref", "rev", "dir", "submodules", "shallow", "lfs")
FORGE_OPTIONS = ("ref", "rev", "dir", "host")

_ALLOWED = re.compile(r"[A-Za-z0-9._~:/?&=%+@,*\[\]!-]+")
_WORD = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_SOURCEHUT_OWNER = re.compile(r"~[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_.-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/:][^:]*)")


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """One flake's address, taken apart.

    `kind` is the fetcher's type: github, gitlab, sourcehut, git, tarball or path.
    `host` is the machine asked over the network, empty for a directory of this one; `port` 0 is
    the scheme's own.  `location` is the URL (git, tarball) or the directory (path), without our
    own parameters.  `dir` is where flake.nix lies inside the tree, empty for the top.
    """

    text: str
    scheme: str
    kind: str
    host: str = ""
    port: int = 0
    location: str = ""
    owner: str = ""
    repo: str = ""
    ref: str = ""
    rev: str = ""
    dir: str = ""
    flags: tuple[str, ...] = ()  # of git: submodules, shallow, lfs

    @property
    def local(self) -> bool:
        """Whether the flake lies in a directory of this machine."""
        return self.scheme in ("path", "git+file")

    @property
    def directory(self) -> str:
        """The directory of a local one, empty otherwise."""
        return unquote(self.location.removeprefix("file://")) if self.local else ""

    def at(self, directory: str) -> "SourceUrl":
        """The same local flake by another path, such as the one its links lead to."""
        path = f"file://{quote(directory)}" if self.kind == "git" else directory
        return replace(self, location=path)

    @property
    def pinned(self) -> bool:
        """Whether the address names one commit, so that a refresh can never change it."""
        return bool(self.rev)

    def attributes(self) -> Mapping[str, str | bool]:
        """Arguments for `builtins.fetchTree`, without `dir`: that is the flake's."""
        found: dict[str, str | bool] = {"type": self.kind}
        if self.kind in FORGE_HOSTS:
            found |= {"owner": self.owner, "repo": self.repo}
            if self.host != FORGE_HOSTS[self.kind]:
                found["host"] = self.host
        elif self.kind == "path":
            found["path"] = self.location
        else:
            found["url"] = self.location
        found |= {name: value for name in ("ref", "rev") if (value := getattr(self, name))}
        return found | dict.fromkeys(self.flags, True)

    def suggested_name(self) -> str:
        """A short name for lists, from the last telling word of the address."""
        if self.repo:
            return self.repo
        words = [word for word in self.location.split("/") if word and ":" not in word]
        name = words[-1] if words else self.host
        for ending in (*sorted(ARCHIVES, key=len, reverse=True), ".git"):
            name = name.removesuffix(ending)
        return name or self.host or "flake"


def parse(text: str, allowed_directories: Iterable[str] = ()) -> SourceUrl:
    """Read an address; local ones must lie in or below one of `allowed_directories`.

    Raises `NotASource`.  Links inside allowed directories are not followed here: whoever fetches
    the directory resolves it again and compares.
    """
    _plain(text)
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in _READERS:
        raise NotASource(_instead(text, scheme if colon else ""))
    address, _, query = rest.partition("?")
    options = options_of(query)
    if scheme in ("path", "git+file"):
        return _local(text, scheme, address, options, tuple(allowed_directories))
    return _READERS[scheme](text, scheme, address, options)


def _plain(text: str) -> None:
    if not text:
        raise NotASource("Type the address of a flake, such as github:owner/repository.")
    if len(text) > LONGEST:
        raise NotASource(
            f"The address has {len(text)} characters; the longest allowed is {LONGEST}."
        )
    if text.startswith("-"):
        raise NotASource("An address does not begin with '-'. Write it as github:owner/repository.")
    if "#" in text:
        before, _, after = text.partition("#")
        hint = f" Write {before}, then choose the host {after} from its list." if before else ""
        raise NotASource(f"The part after '#' names one host; a source is the whole flake.{hint}")
    if any(character.isspace() for character in text):
        raise NotASource(
            "The address has white space in it. Remove it, or write it as %20 if it belongs there."
        )
    if any(not character.isprintable() for character in text):
        raise NotASource(
            "The address has a control character in it. Type it by hand instead of pasting."
        )
    if not _ALLOWED.fullmatch(text):
        strange = sorted({c for c in text if not _ALLOWED.fullmatch(c)})
        raise NotASource(
            f"The address has {' '.join(strange)} in it. Write such characters as % and two digits."
        )


def _instead(text: str, scheme: str) -> str:
    """Say what to write for a form that other tools take."""
    if found := _SCP.fullmatch(text):
        return (
            f"This is git's short form for SSH. Write git+ssh://{found['user']}@{found['host']}"
            f"/{found['path']}."
        )
    if text.startswith("/"):
        return f"This is a directory. Write path:{text}, or git+file://{text} for a repository."
    if text.startswith((".", "~")):
        return "A directory is named from the top. Write path:/the/whole/path."
    if text.count("/") == 1 and not scheme:
        return f"The kind of address is missing. Write github:{text} if it lies on GitHub."
    if sentence := _OTHER_SCHEMES.get(scheme):
        return sentence.format(text=text, rest=text.partition(":")[2])
    if scheme:
        return (
            f"{scheme}: is not a kind of address Nixie fetches. It takes github: gitlab: "
            f"sourcehut: "
            "git+https: git+ssh: https: git+file: and path:."
        )
    return (
        f"{text} is a registry's name, or not an address at all. Write where the flake lies, "
        f"such as "
        "github:owner/repository."
    )


_OTHER_SCHEMES: Mapping[str, str] = {
    "ssh": "Write git+{text}.",
    "git": "git: is neither encrypted nor signed. Write git+https:{rest}.",
    "git+git": "git: is neither encrypted nor signed. Write git+https:{rest}.",
    "file": "Write path:/the/directory, or git+file:{rest} for a repository.",
    "tarball+file": "Unpack the archive below an allowed directory, and write path:/the/directory.",
    "flake": "A registry's names are different on every computer. Write github:owner/repository.",
    "indirect": "A registry's names are different on every computer. Write "
    "github:owner/repository.",
    "hg+https": "Mercurial is not fetched by Nixie. A mirror in git, or an archive's https: "
    "address is.",
    "hg+http": "Mercurial is not fetched by Nixie. A mirror in git, or an archive's https: "
    "address is.",
    "hg+ssh": "Mercurial is not fetched by Nixie. A mirror in git, or an archive's https: "
    "address is.",
    "ftp": "Files are fetched by https: only. Write https:{rest} if the server has it.",
}


def _forge(text: str, scheme: str, address: str, options: Mapping[str, str]) -> SourceUrl:
    """github:owner/repo[/ref-or-rev]; gitlab's owner may hold %2F for its subgroups."""
    found = known_only(options, FORGE_OPTIONS)
    parts = [unquote(part) if scheme == "gitlab" else part for part in address.split("/", 2)]
    if len(parts) < 2 or not all(parts):
        raise NotASource(f"Write {scheme}:owner/repository.")
    owner, repo = parts[0], parts[1].removesuffix(".git")
    owner_words = owner.split("/") if scheme == "gitlab" else [owner]
    word = _SOURCEHUT_OWNER if scheme == "sourcehut" else _WORD
    if not all(word.fullmatch(each) and each not in (".", "..") for each in owner_words):
        example = "~owner" if scheme == "sourcehut" else "owner"
        raise NotASource(f"{owner!r} is not an owner's name. Write {scheme}:{example}/repository.")
    if not _WORD.fullmatch(repo) or repo in (".", ".."):
        raise NotASource(f"{repo!r} is not a repository's name. Write {scheme}:{owner}/repository.")
    if len(parts) == 3:
        if "ref" in found or "rev" in found:
            raise NotASource(
                f"The revision is there twice, as {parts[2]} and after '?'. Keep one of them."
            )
        third = unquote(parts[2])
        found |= {"rev": third} if is_commit(third) else {"ref": branch(third)}
    _one_revision(found)
    return SourceUrl(
        text=text,
        scheme=scheme,
        kind=scheme,
        host=found.get("host", FORGE_HOSTS[scheme]),
        owner=quote(owner, safe="~") if scheme == "gitlab" else owner,
        repo=repo,
        ref=found.get("ref", ""),
        rev=found.get("rev", ""),
        dir=found.get("dir", ""),
    )


def _git(text: str, scheme: str, address: str, options: Mapping[str, str]) -> SourceUrl:
    found = known_only(options, GIT_OPTIONS)
    transport = scheme.removeprefix("git+")
    user, host, port, path = _authority(scheme, address)
    if user and transport != "ssh":
        raise NotASource(_SECRET)
    if transport == "http":
        _at_home(host, f"git+https:{address}")
    if path in ("", "/"):
        raise NotASource(f"The repository is missing. Write {scheme}://{host}/owner/repository.")
    return SourceUrl(
        text=text,
        scheme=scheme,
        kind="git",
        host=host,
        port=port,
        location=f"{transport}:{address}",
        ref=found.get("ref", ""),
        rev=found.get("rev", ""),
        dir=found.get("dir", ""),
        flags=tuple(name for name in ("submodules", "shallow", "lfs") if found.get(name)),
    )


def _archive(text: str, scheme: str, address: str, options: Mapping[str, str]) -> SourceUrl:
    said = scheme.startswith("tarball+")
    transport = scheme.removeprefix("tarball+")
    user, host, port, path = _authority(scheme, address)
    if user:
        raise NotASource(_SECRET)
    if transport == "http":
        _at_home(host, f"https:{address}")
    words = [word for word in path.split("/") if word]
    if host in ("github.com", "gitlab.com") and len(words) == 2:
        forge = host.removesuffix(".com")
        repo = words[1].removesuffix(".git")
        raise NotASource(f"This is a repository's page. Write {forge}:{words[0]}/{repo}.")
    if path.endswith(".git"):
        raise NotASource(f"This is a repository, not an archive. Write git+{text}.")
    if not said and not path.endswith(ARCHIVES):
        raise NotASource(
            f"This does not end like an archive ({', '.join(ARCHIVES[1:4])} …). Write "
            f"git+{text} for a "
            f"repository, or tarball+{text} if the server answers with an archive all the same."
        )
    found = known_only({name: options[name] for name in ("dir",) if name in options}, ("dir",))
    theirs = urlencode({name: value for name, value in options.items() if name != "dir"})
    return SourceUrl(
        text=text,
        scheme=transport,
        kind="tarball",
        host=host,
        port=port,
        location=f"{transport}:{address}" + (f"?{theirs}" if theirs else ""),
        dir=found.get("dir", ""),
    )


def _local(
    text: str, scheme: str, address: str, options: Mapping[str, str], allowed: tuple[str, ...]
) -> SourceUrl:
    found = known_only(options, GIT_OPTIONS if scheme == "git+file" else ("dir",))
    directory = unquote(address.removeprefix("//") if address.startswith("///") else address)
    path = PurePosixPath(directory)
    if not directory.startswith("/") or directory.startswith("//") or ".." in path.parts:
        raise NotASource(
            f"A directory is named from the top, without '..'. Write {scheme}:/the/path."
        )
    if any(not c.isprintable() for c in directory):
        raise NotASource("The directory's name has a control character in it. Rename it.")
    if not any(path.is_relative_to(PurePosixPath(each)) for each in allowed):
        known = f" Allowed are {', '.join(sorted(allowed))}." if allowed else ""
        raise NotASource(
            f"{path} is not below a directory that you allowed.{known} Allow it under Sources, "
            f"Local "
            "directories, first."
        )
    return SourceUrl(
        text=text,
        scheme=scheme,
        kind="git" if scheme == "git+file" else "path",
        location=f"file://{quote(str(path))}" if scheme == "git+file" else str(path),
        ref=found.get("ref", ""),
        rev=found.get("rev", ""),
        dir=found.get("dir", ""),
        flags=tuple(name for name in ("submodules", "shallow", "lfs") if found.get(name)),
    )


_SECRET = (
    "The address holds a user name or a password, which would end up in logs. Remove it, and "
    "give the "
    "token or key in the source's credential field."
)


def _authority(scheme: str, address: str) -> tuple[str, str, int, str]:
    """(user, host, port, path) of `//user@host:port/path`; port 0 when there is none."""
    if not address.startswith("//"):
        raise NotASource(f"Two slashes are missing. Write {scheme}://{address.lstrip('/')}.")
    authority, slash, path = address[2:].partition("/")
    user, at, server = authority.rpartition("@")
    if ":" in user or (at and not _WORD.fullmatch(user)):
        raise NotASource(_SECRET)
    host, port = server, ""
    if not server.endswith("]") and ":" in server:
        host, _, port = server.rpartition(":")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise NotASource(f"{port!r} is not a port. A port is between 1 and 65535.")
    decoded = unquote(path)
    if any(not c.isprintable() for c in decoded) or ".." in PurePosixPath(decoded).parts:
        raise NotASource(
            "The path leaves its server's tree or hides a control character. Write it plainly."
        )
    if decoded.startswith("-"):
        raise NotASource("The path begins with '-'. Such a name could be taken for an option.")
    return user, server_name(host), int(port or 0), f"{slash}{path}"


def _at_home(host: str, instead: str) -> None:
    """Plain HTTP is for servers of the owner's own network only."""
    try:
        near = ip_address(host.strip("[]")).is_private
    except ValueError:
        near = "." not in host or host.endswith(HOME_ENDINGS)
    if not near:
        raise NotASource(f"{host} is asked without encryption. Write {instead}.")


def _one_revision(found: Mapping[str, str]) -> None:
    if found.get("ref") and found.get("rev"):
        raise NotASource("?ref= and ?rev= together say the same thing twice. Keep one of them.")


_READERS: Mapping[str, Callable[[str, str, str, Mapping[str, str]], SourceUrl]] = {
    "github": _forge,
    "gitlab": _forge,
    "sourcehut": _forge,
    "git+https": _git,
    "git+http": _git,
    "git+ssh": _git,
    "https": _archive,
    "http": _archive,
    "tarball+https": _archive,
    "tarball+http": _archive,
    "git+file": _git,
    "path": _git,
}

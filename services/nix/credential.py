"""A source's deploy key or access token, turned into what nix and git take without asking.

The web role stores it as JSON: `kind` ("token" or "ssh-key"), `secret`, `user`, `hosts` (where it
is valid: the source's own host, and those of inputs that the owner named), `known_hosts`.  The
broker hands the text to a verb; the secret travels in variables and standard input, never in argv.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused
from appliance.model.host_keys import NotAHostKey, host_keys

LARGEST_BYTES = 64 << 10
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]+\]")

HOST_KEYS = """\
github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
git.sr.ht ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMZvRd4EtM7R+IHVMWmDkVU3VLQTSwQDSAvW0t2Tkj60
codeberg.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB
"""
"""The forges' own host keys, as each publishes their fingerprints."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One secret and the hosts it may be shown to."""

    kind: str
    secret: str
    user: str
    hosts: tuple[str, ...]
    known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """How a fetch gets it: variables, and a secret file's content and use ("key", "netrc", "")."""

    env: Mapping[str, str]
    secret_file: str = ""
    use: str = ""


def read(text: str) -> Credential:
    """Read what the web role stored.  Raises Refused, without telling the secret."""
    try:
        stored = json.loads(text)
        found = Credential(
            kind=str(stored["kind"]),
            secret=str(stored["secret"]),
            user=str(stored.get("user") or ""),
            hosts=tuple(str(host).lower() for host in stored.get("hosts", ())),
            known_hosts=str(stored.get("known_hosts") or ""),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _refused("The source's credential cannot be read: store it again.") from None
    if found.kind not in {"token", "ssh-key"} or not found.secret:
        raise _refused("The source's credential is neither a token nor a key: store it again.")
    if found.kind == "token" and not re.fullmatch(r"[!-~]+", found.secret.strip()):
        raise _refused("The access token has spaces or line breaks in it: store it again.")
    if not re.fullmatch(r"[A-Za-z0-9_.@+-]*", found.user):
        raise _refused("The credential's user name is not one: store it again.")
    if strange := [host for host in found.hosts if not HOST.fullmatch(host)]:
        raise _refused(f"The credential names {strange[0]!r}, which is not a host.")
    try:
        host_keys(found.known_hosts)
    except NotAHostKey as wrong:
        raise _refused(f"The source's host keys cannot be used. {wrong.what}") from wrong
    return found


def material(kind: str, host: str, location: str, credential: Credential | None) -> Material:
    """What fetching from `host` needs; `kind` is the fetcher's type, `location` git's URL.

    A token goes to the hosts it is for and nowhere else.  A key may be offered to any: that shows
    nobody more than its public half.
    """
    if credential is None:
        return Material({})
    if credential.kind == "ssh-key":
        return Material({}, credential.secret.rstrip("\n") + "\n", "key")
    if host not in credential.hosts:
        return Material({})
    secret = credential.secret.strip()
    if kind == "tarball":
        user = credential.user or "token"
        return Material({}, f"machine {host} login {user} password {secret}\n", "netrc")
    if kind == "git":
        return Material(_header(location, credential.user or "git", secret))
    if kind == "gitlab" and not secret.startswith(("PAT:", "OAuth2:")):
        secret = f"PAT:{secret}"
    return Material({"NIX_CONFIG": f"access-tokens = {host}={secret}"})


def known_hosts(credential: Credential | None) -> str:
    """The host keys ssh accepts; the owner's own lines first."""
    return (credential.known_hosts.rstrip("\n") + "\n" if credential else "").lstrip() + HOST_KEYS


def git_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables that give git these settings; git-config(1), GIT_CONFIG_COUNT."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _header(location: str, user: str, secret: str) -> dict[str, str]:
    told = base64.b64encode(f"{user}:{secret}".encode()).decode()
    split = urlsplit(location)
    if split.scheme not in {"https", "http"}:
        return {}
    return {f"http.{split.scheme}://{split.netloc}/.extraHeader": f"Authorization: Basic {told}"}


def _refused(what: str) -> Refused:
    return Refused(Problem(("credential",), what))

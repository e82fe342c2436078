"""Builders: other computers with Nix that build for this router, reached by SSH.

Standard library only.  An address is kept as parts, each of a form that no shell, no ssh and no URL
could read otherwise; the router's key for it is none of this: it lies with the role `build`.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from appliance.errors import Problem, Refused
from appliance.model.host_keys import NotAHostKey, host_keys

SYSTEMS: tuple[str, ...] = (
    "x86_64-linux", "aarch64-linux", "i686-linux", "armv7l-linux", "riscv64-linux",
)  # fmt: skip
"""What machines that boot here run; in the order in which they are offered."""
MAY_NAME: tuple[str, ...] = (
    "path:/nix/store",
    *("github:", "gitlab:", "sourcehut:", "https:", "http:", "tarball+https:", "tarball+http:"),
    *("git+https:", "git+http:", "git+ssh:", "ssh:"),
)
"""What evaluation may name: its inputs, which are in the store already."""
COMMAND = "nix-daemon --stdio"
"""All that the router's key may start on a builder."""
EVALUATE_SECONDS = 3_600
"""The longest evaluation there: who asked may be gone, and nothing tells it."""
EVALUATE = " ".join(
    (
        f"timeout {EVALUATE_SECONDS} nix eval --json --log-format internal-json --show-trace",
        "--extra-experimental-features nix-command --extra-experimental-features flakes",
        *(
            f"--option {name} {value}"
            for name, value in (
                ("restrict-eval", "true"),
                *(("extra-allowed-uris", one) for one in MAY_NAME),
                ("allow-import-from-derivation", "false"),
                ("eval-cache", "false"),
                ("substitute", "false"),
                ("max-jobs", "0"),
            )
        ),
        "--expr",
    )
)
"""The other one, where it evaluates; the expression comes with each question."""
NAME_LONGEST = 60
HOST_LONGEST = 253
LARGEST_PORT = 65_535
MOST_JOBS = 256
FASTEST = 100
FEATURE = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
"""What Nix calls a system feature, like kvm or big-parallel."""
MOST_FEATURES = 20
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
KEY_FILES: Mapping[str, str] = {
    "ssh-ed25519": "ssh_host_ed25519_key.pub",
    "ssh-rsa": "ssh_host_rsa_key.pub",
}
"""Kind of host key → its file in /etc/ssh; the others are ECDSA."""

Found = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Builder:
    """One builder; `host_key` is "" until its owner compared it: kind and key, as in known_hosts.

    `jobs` is how many derivations of a shared build it is given at once; its own nix.conf says that
    of whole builds.  Of two that can build, the one of more `speed` does.
    `features` are those of its Nix that a derivation may require (requiredSystemFeatures).  One
    that `shares` is not given whole builds: this router builds, and gives it single derivations.
    One that `evaluates` says what the hosts of a flake are, which takes memory.
    """

    id: str
    name: str
    host: str
    port: int
    user: str
    systems: tuple[str, ...]
    jobs: int
    speed: int
    enabled: bool
    host_key: str = ""
    features: tuple[str, ...] = ()
    shares: bool = False
    evaluates: bool = False

    @property
    def address(self) -> str:
        """As a person says it.

        >>> Builder("b", "kiln", "fd00::5", 2222, "nix", (), 1, 1, True).address
        'nix@[fd00::5]:2222'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}" + ("" if self.port == 22 else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Said:
    """A builder as its owner says it, before anything is checked."""

    name: str
    host: str
    port: int = 22
    user: str = "nix"
    systems: tuple[str, ...] = SYSTEMS[:1]
    jobs: int = 2
    speed: int = 1
    features: tuple[str, ...] = ()
    shares: bool = False
    evaluates: bool = False


def checked(said: Said) -> Said:
    """The same, plain.  Raises Refused with every problem beside its place."""
    host = said.host.strip().strip("[]").lower()
    told = Said(
        name=said.name.strip() or host[:NAME_LONGEST],
        host=host,
        port=said.port,
        user=said.user.strip(),
        systems=tuple(one for one in SYSTEMS if one in said.systems),
        jobs=said.jobs,
        speed=said.speed,
        features=tuple(dict.fromkeys(said.features)),
        shares=said.shares,
        evaluates=said.evaluates,
    )
    wrong = [
        *_of_address(told),
        *_of_numbers(told),
        *_of_systems(said.systems),
        *_of_features(told.features),
    ]
    if len(told.name) > NAME_LONGEST or not told.name.isprintable() or "/" in told.name:
        wrong.append(("name", f"A name has at most {NAME_LONGEST} visible characters, none a /."))
    if wrong:
        raise Refused(*(Problem((place,), what) for place, what in wrong))
    return told


def checked_key(text: str) -> str:
    """A host key as `Builder.host_key` has it.  Raises Refused."""
    try:
        (line,) = host_keys(f"builder {text.strip()}")
    except (NotAHostKey, ValueError):
        raise Refused(Problem(("host_key",), "This is not a host key. Try it again.")) from None
    return " ".join(line.split()[1:])


def fingerprint(key: str) -> str:
    """How ssh-keygen names a public key; RFC 4648 base64 of its SHA-256, without padding.

    >>> fingerprint("ssh-ed25519 AAAA")
    'SHA256:cJ6AyISHokEeHuTfufIqhhSS0gxHZRUMDHlKvXD4FHw'
    """
    digest = hashlib.sha256(b64decode(key.split()[1])).digest()
    return f"SHA256:{b64encode(digest).decode().rstrip('=')}"


def print_fingerprint(key: str) -> str:
    """The command that prints the same on the builder."""
    return f"ssh-keygen -lf /etc/ssh/{KEY_FILES.get(key.split()[0], 'ssh_host_ecdsa_key.pub')}"


def authorized(public_key: str, *, evaluates: bool = False) -> str:
    """The line of the builder's authorized_keys that lets the router in, and to Nix alone: to its
    daemon, and where it `evaluates`, to evaluation that reads no file and builds nothing."""
    if not evaluates:
        return f'restrict,command="{COMMAND}" {public_key}'
    asked = r"\"$SSH_ORIGINAL_COMMAND\""
    builds = f"case {asked} in nix-daemon*) exec {COMMAND};; esac"
    cache = r"d=$(mktemp -d) || exit 1; trap \"rm -rf $d\" 0"
    script = f"{builds}; {cache}; XDG_CACHE_HOME=$d {EVALUATE} {asked}"
    return f"restrict,command=\"exec sh -c '{script}'\" {public_key}"


def able(builders: Collection[Builder], systems: Collection[str]) -> tuple[Builder, ...]:
    """Those that build for all of `systems` and may be asked, the quickest first."""
    found = [
        one for one in builders if one.enabled and one.host_key and set(systems) <= set(one.systems)
    ]
    return tuple(sorted(found, key=lambda one: (-one.speed, one.name)))


def _of_address(told: Said) -> Iterator[Found]:
    if not _is_host(told.host):
        yield "host", "Write the builder's name or address, like kiln.lan or 10.20.0.7."
    if not 1 <= told.port <= LARGEST_PORT:
        yield "port", f"A port is a number from 1 to {LARGEST_PORT}; ssh has 22."
    if not USER.fullmatch(told.user):
        yield "user", "Write the user there as you would before the @ of ssh, like nix."


def _of_numbers(told: Said) -> Iterator[Found]:
    if not 1 <= told.jobs <= MOST_JOBS:
        yield "jobs", f"It builds 1 to {MOST_JOBS} things at once."
    if not 1 <= told.speed <= FASTEST:
        yield "speed", f"Its speed is a number from 1 to {FASTEST}; the larger is asked first."


def _of_systems(systems: Collection[str]) -> Iterator[Found]:
    if strange := [one for one in systems if one not in SYSTEMS]:
        yield "systems", f"{strange[0]!r} is none of {', '.join(SYSTEMS)}."
    elif not systems:
        yield "systems", "Say what it builds for: at least one system."


def _of_features(features: Collection[str]) -> Iterator[Found]:
    if strange := [one for one in features if not FEATURE.fullmatch(one)]:
        yield "features", f"{strange[0]!r} is no feature. Write words as Nix has them, like kvm."
    elif len(features) > MOST_FEATURES:
        yield "features", f"A builder has at most {MOST_FEATURES} features."


def _is_host(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))  # a zone index may hold any text
    except ValueError:
        labels = text.split(".")
        return len(text) <= HOST_LONGEST and all(map(LABEL.fullmatch, labels))

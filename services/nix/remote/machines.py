"""Builders that share the builds of this router: what our daemon reads of them, as texts.

nix.conf names the file of machines, which each build reads anew; ssh gets the rest from a
configuration of its own, where every word stands that was checked in `appliance.model.builders`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.model.builders import Builder

FILE = "machines"
SSH = "ssh_config"
KEYS = "builder-keys"
ALIAS = "nixie-{}"
URL = f"ssh-ng://{ALIAS}"
QUIET: Mapping[str, str] = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "GlobalKnownHostsFile": "none",
    "UpdateHostKeys": "no",
    "IdentitiesOnly": "yes",
    "PreferredAuthentications": "publickey",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "10",
    "ServerAliveCountMax": "3",
}
"""How ssh talks to any builder: it asks nobody, and knows one key."""


def url(builder: str) -> str:
    """What Nix calls the builder with that id.

    >>> url("01a2")
    'ssh-ng://nixie-01a2'
    """
    return URL.format(builder)


def options(conf: Path) -> str:
    """NIX_SSHOPTS of our daemon."""
    return f"-F {conf / SSH}"


def machines(builders: Sequence[Builder]) -> str:
    """The file of machines (nix.conf: builders): address, systems, key, jobs, speed, features, none
    of which every derivation must require, and no host key, which ssh knows."""
    lines = []
    for one in builders:
        words = [url(one.id), ",".join(one.systems), "-", str(one.jobs), str(one.speed)]
        lines.append(" ".join([*words, ",".join(one.features) or "-", "-", "-"]))
    return "".join(f"{line}\n" for line in lines)


def ssh_config(builders: Sequence[Builder], conf: Path) -> str:
    """What ssh reads, ssh_config(5): one block for each builder."""
    blocks = []
    for one in builders:
        told = {
            "HostName": one.host,
            "Port": str(one.port),
            "User": one.user,
            "IdentityFile": str(conf / KEYS / one.id),
            "UserKnownHostsFile": str(conf / KEYS / f"{one.id}.known"),
            "HostKeyAlias": ALIAS.format(one.id),
            **QUIET,
        }
        lines = [f"Host {ALIAS.format(one.id)}", *(f"  {name} {it}" for name, it in told.items())]
        blocks.append("\n".join(lines) + "\n")
    return "".join(blocks)


def known(builder: Builder) -> str:
    """The one host key that is accepted, known_hosts(5)."""
    return f"{ALIAS.format(builder.id)} {builder.host_key}\n"

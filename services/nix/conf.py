"""nix.conf of our own daemon, as text from checked values.

The flake's own `nixConfig` is never accepted: a post-build-hook in it would run as root.  Builds
are in the sandbox, always.  `build`, `fetch` and `eval` are untrusted clients, so nothing that they
send along changes any of this.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Problem, Refused
from appliance.model.caches import KEY, URL, Asked, addresses, trusted
from services.nix.versions import Version

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
USER = re.compile(r"[a-z0-9_][a-z0-9_-]*")

SILENT_SECONDS = 1_800
"""How long a derivation may print nothing."""
BUILD_SECONDS = 14_400
"""How long a build may take."""


@dataclass(frozen=True, slots=True)
class Conf:
    """What may differ from one router to the next; sizes in bytes, times in seconds."""

    users: tuple[str, ...]  # who may use the daemon: names, or numbers without a name
    shell: Path  # a static shell, /bin/sh of the sandbox
    build_dir: Path
    machines: Path  # builders that share builds; it need not exist
    registry: Path  # an empty registry, for versions that need a file
    rooted: bool = True  # the daemon runs as root
    jobs: int = 1
    cores: int = 1  # of one build
    silent_seconds: int = SILENT_SECONDS
    build_seconds: int = BUILD_SECONDS
    stalled_seconds: int = 30  # without one byte of a download
    log_bytes: int = 64 * MEBIBYTE
    min_free: int = GIBIBYTE
    max_free: int = 4 * GIBIBYTE
    caches: tuple[Asked, ...] = ()


def text(conf: Conf, version: Version) -> str:
    """The file.  Raises Refused when a value could be read as more than one setting."""
    _check(conf)
    features = ["nix-command", "flakes"]
    settings: dict[str, str] = {
        "sandbox": "true",
        "sandbox-fallback": "false",
        "sandbox-paths": f"/bin/sh={conf.shell}?",
        "accept-flake-config": "false",
        "allow-import-from-derivation": "true",  # each evaluation says whether it may
        "trusted-users": "root",
        "allowed-users": " ".join(conf.users),
        "build-users-group": "",
        "builders": f"@{conf.machines}",
        "builders-use-substitutes": "true",
        "flake-registry": "" if version.empty_registry else str(conf.registry),
        "max-jobs": str(conf.jobs),
        "cores": str(conf.cores),
        "max-silent-time": str(conf.silent_seconds),
        "timeout": str(conf.build_seconds),
        "max-build-log-size": str(conf.log_bytes),
        "min-free": str(conf.min_free),
        "max-free": str(conf.max_free),
        "keep-failed": "false",
        "connect-timeout": "5",
        "stalled-download-timeout": str(conf.stalled_seconds),
        "download-attempts": "3",
        "fallback": "true",  # what a cache does not give is built
        "warn-dirty": "false",
        "substituters": " ".join(addresses(conf.caches).values()),
        "trusted-public-keys": " ".join(trusted(conf.caches)),
    }
    if version.allocates_uids:
        settings["build-dir"] = str(conf.build_dir)
        if conf.rooted:
            features.append("auto-allocate-uids")
            settings["auto-allocate-uids"] = "true"
    settings["experimental-features"] = " ".join(features)
    lines = [f"{name} = {value}".rstrip() for name, value in sorted(settings.items())]
    return "# Written by Nixie; changes are lost.\n" + "\n".join(lines) + "\n"


def _check(conf: Conf) -> None:
    _all(conf.users, USER, "a user")
    _all([one.url for one in conf.caches], URL, "a cache")
    _all(trusted(conf.caches), KEY, "the public key of a cache")
    for path in (conf.shell, conf.build_dir, conf.registry, conf.machines):
        if not path.is_absolute() or re.search(r"[\s#]", str(path)):
            raise Refused(Problem(("nix",), f"{path} cannot be written into nix.conf."))


def _all(values: Sequence[str], form: re.Pattern[str], what: str) -> None:
    for value in values:
        if not form.fullmatch(value):
            raise Refused(Problem(("nix",), f"{value!r} is not {what}."))

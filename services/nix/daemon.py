"""What it takes to start our own nix-daemon; the supervisor starts it, nothing here does.

The daemon runs as root (its builders as uids that it allocates itself) with its own conf and
socket, on the system's store, or on a chroot store below the state directory where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.model.caches import Asked
from appliance.model.installed import Installed
from appliance.roles import CONFINED, FETCHERS, ROLES
from services.nix.conf import Conf, text
from services.nix.remote.machines import FILE as MACHINES
from services.nix.remote.machines import options as ssh_options
from services.nix.store import SYSTEM_ROOT, Store
from services.nix.versions import PRIMARY, Version
from services.processes.cgroups.place import Bounds

GIBIBYTE = 1 << 30
PROCESSES = 4_096  # of all builds together
LIGHT = 25  # of processor time, where everybody else has 100
NOTHING: Mapping[Path, str] = {}
EMPTY_REGISTRY = '{"flakes":[],"version":2}\n'


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to make before anything starts; `owner` is root or a confined user."""

    path: Path
    mode: int
    owner: str = "root"


@dataclass(frozen=True, slots=True)
class DaemonRequest:
    """How to start the daemon: make `folders`, write `files` (0644), then run `argv` as root."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folders: tuple[Folder, ...]
    files: Mapping[Path, str]
    bounds: Bounds  # of the daemon and all that it builds
    made_from: Mapping[Path, str] = field(default_factory=dict)  # when one changes, start anew


def clients() -> tuple[str, ...]:
    """Who may use the daemon: by name, and by number where the user has no name."""
    build = ROLES["build"]
    users = [
        (build.user, build.uid),
        *(CONFINED[one] for one in ("fetch", *FETCHERS, "eval", "remote")),
    ]
    return ("root", *(name for name, _ in users), *(str(uid) for _, uid in users))


def conf_for(
    installed: Installed,
    store: Store,
    *,
    cores: int = 2,
    rooted: bool = True,
    extra_users: tuple[str, ...] = (),
    caches: tuple[Asked, ...] = (),
) -> Conf:
    """The settings of this installation.

    `cores` is said outright: builders see it as NIX_BUILD_CORES, and not all take 0 for "all".
    `extra_users`: the one user of an unprivileged lab.
    """
    return Conf(
        users=(*clients(), *extra_users),
        shell=_shell(installed, store),
        build_dir=store.socket.parent / "builds",
        registry=store.conf / "registry.json",
        machines=store.conf / MACHINES,
        rooted=rooted,
        cores=max(cores, 1),
        caches=caches,
    )


def bounds_for(memory: int, asked: int | None = None) -> Bounds:
    """What builds may use on a machine with so much memory, in bytes; `asked` is the owner's word.

    1 GiB is left for the router itself; too small a machine is shared half and half.  The largest
    process of a build ends when memory runs out, not the daemon with it.
    """
    usual = max(memory - GIBIBYTE, memory // 2)
    return Bounds(asked or usual, PROCESSES, weight=LIGHT, as_one=False)


def daemon_request(
    store: Store,
    conf: Conf,
    version: Version | None,
    bounds: Bounds,
    made_from: Mapping[Path, str] = NOTHING,
) -> DaemonRequest:
    """Everything the supervisor needs; an unknown version is taken for the primary one.

    `made_from`: the files that `conf` was made of, and their texts.
    """
    known = version or Version(*PRIMARY)
    return DaemonRequest(
        argv=(store.program("nix-daemon"), "--store", store.local_uri)
        if store.root != SYSTEM_ROOT
        else (store.program("nix-daemon"),),
        env={
            "HOME": str(store.conf / "home"),
            "LANG": "C.UTF-8",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "NIX_CONF_DIR": str(store.conf),
            "NIX_LIBEXEC_DIR": str(store.nix.parent.parent / "libexec"),  # 2.8's build hook
            "NIX_USER_CONF_FILES": "",
            "NIX_SSHOPTS": ssh_options(store.conf),
            "NIX_DAEMON_SOCKET_PATH": str(store.socket),
        },
        folders=(
            *(() if store.root == SYSTEM_ROOT else (Folder(store.root, 0o755),)),
            Folder(store.conf, 0o755),
            Folder(store.conf / "home", 0o700),
            Folder(store.socket.parent, 0o755),
            Folder(conf.build_dir, 0o700),
            *(Folder(store.fetch_home(one), 0o700, one) for one in ("fetch", *FETCHERS)),
            Folder(store.arrivals, 0o700, "remote"),
        ),
        files={
            store.conf / "nix.conf": text(conf, known),
            store.conf / "registry.json": EMPTY_REGISTRY,
        },
        bounds=bounds,
        made_from=made_from,
    )


def _shell(installed: Installed, store: Store) -> Path:
    """The static shell that was unpacked beside nix, else the system's."""
    beside = store.nix.with_name("bash-static")
    return beside if installed.home in store.nix.parents else Path("/usr/bin/bash-static")

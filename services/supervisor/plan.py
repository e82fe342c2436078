"""What to supervise, and what a role is started with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.model.installed import Installed
from appliance.roles import ROLES, Role
from services.nix.daemon import DaemonRequest
from services.processes.program import Daemon
from services.processes.serve import Verb
from services.supervisor.child import Patience
from services.systemd.notify import listening


@dataclass(frozen=True, slots=True)
class Plan:
    """One supervisor's work."""

    state: Path
    installed: Installed
    roles: Mapping[str, Role] = field(default_factory=lambda: ROLES)
    namespace: str | None = None  # for roles marked `inside`: a name below /run/netns, or a path
    admin_local_port: int | None = None  # the web on 127.0.0.1, instead of on every network
    first: str | None = None  # JSON of revision 1, for run/first.json
    nix_daemon: Callable[[], DaemonRequest] | None = None  # asked at each of its starts
    daemons: Mapping[str, Daemon] = field(default_factory=dict)  # of roles.DAEMONS
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)  # more variables for every role
    program: Callable[[Role], Sequence[str]] | None = None  # instead of `-m appliance role NAME`
    patience: Patience = field(default_factory=Patience)


def notify_path(state: Path, role: str) -> Path:
    """Where a role's life signs go."""
    return state / "run" / f"{role}.notify"


def role_program(plan: Plan, role: Role) -> list[str]:
    """The command of a role, before anything is wrapped around it."""
    if plan.program is not None:
        return list(plan.program(role))
    return [str(plan.installed.python), "-m", "appliance", "role", role.name]


def role_environment(plan: Plan, role: Role, sockets: Sequence[str]) -> dict[str, str]:
    """The whole environment of a role that is handed `sockets`; LISTEN_PID comes with its pid."""
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNODEBUGRANGES": "1",  # a traceback's carets cost a role 0.8 MB
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "1",  # threads that come and go would each keep one (mallopt(3))
        "NIXIE_HOME": str(plan.installed.home),
        "NIXIE_STATE": str(plan.state),
        **plan.environment,
        "NOTIFY_SOCKET": str(notify_path(plan.state, role.name)),
        **listening(sockets),
    }


def namespace_file(namespace: str | None) -> str | None:
    """The file of a network namespace that is given by name or by path.

    >>> namespace_file("lab"), namespace_file("/proc/7/ns/net"), namespace_file(None)
    ('/run/netns/lab', '/proc/7/ns/net', None)
    """
    if namespace is None or "/" in namespace:
        return namespace
    return f"/run/netns/{namespace}"

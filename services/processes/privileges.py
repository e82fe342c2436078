"""Walls around a process, as an argv: other user, no capabilities, own namespaces, limits.

Nothing here starts anything.  A `Job` is foreign code (an evaluation, a fetch); a role is our own
program.  Both become a chain of util-linux tools that exec into each other.  The environment of a
job reaches the tools that still run as root, so names that steer the dynamic linker or libmount
are refused.  Secrets belong in `env` or `stdin`, never in `argv`, which everybody can read.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from appliance.roles import CONFINED, GROUP, Role
from services.processes.cgroups.place import Bounds
from services.processes.view import arranged

DEADLY_NAMES = re.compile(r"(?:LD_|LIBMOUNT_|GLIBC_|MALLOC_|BASH_).*|ENV|IFS|PS4")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ALWAYS_HIDDEN = ("/root", "/home", "/var/tmp", "/dev/shm")
PRIVATE_TEMPORARY = "/tmp"  # an own, writable tmpfs: home and scratch space of every job
TOOLS = ("setpriv", "unshare", "prlimit", "nsenter", "mount", "umount", "mkdir", "cat", "sh")


class Footing(Enum):
    """What this machine lets us build walls from."""

    MANY_USERS = "root, and the numeric users are ours to take"
    OWN_NAMESPACES = "one user, but user namespaces are allowed"
    ONE_USER = "one user, no namespaces"


@dataclass(frozen=True, slots=True)
class Ability:
    """The footing, and where the tools are: name to absolute path."""

    footing: Footing
    root: bool
    tools: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user to become.  `capabilities` are util-linux words, such as "net_raw"."""

    name: str
    uid: int
    gid: int
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use, all of its processes together."""

    memory_bytes: int = 2 << 30
    cpu_seconds: int = 300
    seconds: float = 300.0
    output_bytes: int = 16 << 20
    processes: int = 128


@dataclass(frozen=True, slots=True)
class Job:
    """Foreign code to run once, as one of the confined users.

    `env` is the whole environment.  `readable` and `writable` are folders that stay visible
    although a hidden folder is above them; elsewhere file modes decide.  HOME and TMPDIR are an
    empty folder of its own unless `env` says otherwise.
    """

    user: str  # "fetch", "eval" or "try"
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    network: bool = False
    limits: Limits = field(default_factory=Limits)
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    stdin: bytes = b""

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0].startswith("/"):
            raise ValueError(f"a job names its program by absolute path, not {self.argv[:1]}")
        for name in self.env:
            if not NAME.fullmatch(name) or DEADLY_NAMES.fullmatch(name):
                raise ValueError(f"a job may not set the variable {name!r}")
        for path in (*self.readable, *self.writable, *self.hidden):
            if not path.startswith("/") or ".." in path.split("/"):
                raise ValueError(f"a job names folders by absolute path, not {path!r}")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something small that the broker itself does at once, such as replacing a file."""

    work: Callable[[], None]


def environment(job: Job) -> dict[str, str]:
    """The job's variables with an empty home and English messages, unless it set its own."""
    empty = {
        "HOME": PRIVATE_TEMPORARY,
        "TMPDIR": PRIVATE_TEMPORARY,
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
    }
    return {**empty, **job.env}


def wrapped(
    job: Job, identity: Identity, ability: Ability, groups: Sequence[str] = ()
) -> list[str]:
    """The argv that runs `job` as `identity` behind every wall that `ability` allows.

    `groups` are the `cgroup.procs` files of the control groups to join first.
    """
    tools = ability.tools
    inner = [*_limited(job, ability, counted=bool(groups)), *_dropped(identity, ability), *job.argv]
    if ability.footing is Footing.ONE_USER:
        return [*mortal(ability), *inner]
    nested: list[str] = []
    if ability.footing is Footing.OWN_NAMESPACES:
        nested = [tools["unshare"], "--user", f"--map-user={identity.uid}"]
        nested += [f"--map-group={identity.gid}", "--"]
    return [
        *mortal(ability),
        *joined(ability, groups),
        tools["unshare"],
        *(["--user", "--map-root-user"] if not ability.root else []),
        *["--mount", "--propagation", "private", "--ipc", "--uts"],
        *["--pid", "--fork", "--kill-child", "--mount-proc"],
        *([] if job.network else ["--net"]),
        "--",
        *_arranging(job, identity, ability),
        *nested,
        *inner,
    ]


def role_argv(
    argv: Sequence[str],
    identity: Identity,
    ability: Ability,
    *,
    folder: str,
    namespace: str | None = None,
    binds: Sequence[tuple[str, str]] = (),
    locked: bool = False,
) -> list[str]:
    """The argv that runs one of our roles; the process keeps its pid through the chain.

    It starts in `folder`, umask 027, LISTEN_PID set to itself, inside the network namespace whose
    file is `namespace`, and dies with the supervisor.  With `binds` it has a view of the file tree
    of its own, in which each first folder stands in the second's place; `locked`, it can write into
    those only, and not elsewhere on the root file system.
    """
    tools = ability.tools
    enter = 'cd "$1" && shift && umask 027 && LISTEN_PID=$$ && export LISTEN_PID && exec "$@"'
    return [
        *[tools["sh"], "-c", enter, "nixie", folder],
        *([tools["nsenter"], f"--net={namespace}", "--"] if namespace else []),
        *_bound(binds, ability, locked=locked),
        *_dropped(identity, ability),
        *argv,
    ]


def _bound(binds: Sequence[tuple[str, str]], ability: Ability, *, locked: bool) -> list[str]:
    if not binds:
        return []
    tools = ability.tools
    one = f'\'{tools["mount"]}\' --bind "$1" "$2" || exit 125; shift 2'
    lock = f"'{tools['mount']}' -o remount,bind,ro / || exit 125; " if locked else ""
    bind = f'while [ "$1" != -- ]; do {one}; done; shift; {lock}exec "$@"'
    own = [tools["unshare"], "--mount", "--propagation", "private", "--"]
    pairs = [path for pair in binds for path in pair]
    return [*own, tools["sh"], "-c", bind, "nixie", *pairs, "--"]


def mortal(ability: Ability) -> list[str]:
    """The beginning of an argv whose process dies with whoever started it (prctl(2), PDEATHSIG)."""
    return [ability.tools["setpriv"], "--pdeathsig", "KILL", "--"]


def bounded(ability: Ability, groups: Sequence[str], bounds: Bounds) -> list[str]:
    """The beginning of an argv whose process, with all it starts, keeps to `bounds`.

    `groups` are the `cgroup.procs` files of groups with these bounds.  Without any each process is
    held to them by itself: by the memory it may write to, because some programs reserve addresses
    by the terabyte and use few.
    """
    if groups:
        return joined(ability, groups)
    memory, processes = bounds.memory_bytes, bounds.processes
    limits = [f"--data={memory}:{memory}", f"--nproc={processes}:{processes}"]
    return [ability.tools["prlimit"], *limits, "--"]


def joined(ability: Ability, groups: Sequence[str]) -> list[str]:
    """The beginning of an argv whose process joins control groups by their `cgroup.procs`."""
    if not groups:
        return []
    join = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'
    return [ability.tools["sh"], "-c", join, "nixie", *groups, "--"]


def lower_walls(ability: Ability, *, apart: bool = False) -> tuple[str, ...]:
    """What this machine cannot wall off, one sentence each; () when every wall stands."""
    own_user = (
        "Every role and every evaluation runs as your own user: start Nixie as root to give each "
        "its own."
    )
    naked = (
        "User namespaces are not allowed here: evaluations see your files and the network, and "
        "processes that leave their group can outlive them."
    )
    unfiltered = (
        "What sources fetch and build is not kept from your network here: it runs beside the "
        "router's filter, not behind it."
    )
    lower = {
        Footing.MANY_USERS: (),
        Footing.OWN_NAMESPACES: (own_user,),
        Footing.ONE_USER: (own_user, naked),
    }[ability.footing]
    return (*lower, *([unfiltered] if lower or apart else []))


def shared_builds(bounds: Bounds) -> str:
    """What is lower where there is no control group for builds."""
    return (
        "This system gives Nixie no control groups for memory and processes: one process of a "
        f"build is held to {bounds.memory_bytes / (1 << 30):.3g} GiB, but not all of them together."
    )


def footing(*, root: bool, uid_map: str, wanted: Sequence[int], namespaces: bool) -> Footing:
    """Judge by /proc/self/uid_map whether the `wanted` uids can be taken.

    >>> footing(root=True, uid_map="0 1000 1", wanted=[61100], namespaces=True)
    <Footing.OWN_NAMESPACES: 'one user, but user namespaces are allowed'>
    """
    spans = [(int(first), int(count)) for first, _, count in map(str.split, uid_map.splitlines())]
    mapped = all(any(first <= uid < first + count for first, count in spans) for uid in wanted)
    if root and mapped:
        return Footing.MANY_USERS
    return Footing.OWN_NAMESPACES if namespaces else Footing.ONE_USER


def named(name: str, fallback: int, accounts: str) -> int:
    """The id of `name` in the text of /etc/passwd or /etc/group, else `fallback`.

    The fallbacks are 61100 to 61183, which systemd's UID table leaves to nobody; they are taken as
    numbers and nothing is written to the machine's account files.

    >>> named("nixie-dns", 61103, "root:x:0:0::/root:/bin/sh"), named("root", 1, "root:x:0:0::")
    (61103, 0)
    """
    for line in accounts.splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
            return int(fields[2])
    return fallback


def identities(
    roles: Iterable[Role], passwd: str, group: str
) -> tuple[dict[str, Identity], dict[str, Identity]]:
    """Role name to identity, and confined user to identity, by the account files' text.

    Roles share one group, by which they read each other's files; confined users have no part in it.
    """
    gid = named(*GROUP, group)
    ours = {
        role.name: Identity(role.user, named(role.user, role.uid, passwd), gid, role.capabilities)
        for role in roles
    }
    confined = {}
    for name, (user, number) in CONFINED.items():
        uid = named(user, number, passwd)
        confined[name] = Identity(user, uid, named(user, uid, group))
    return ours, confined


def _arranging(job: Job, identity: Identity, ability: Ability) -> list[str]:
    many = ability.footing is Footing.MANY_USERS
    owner = f",uid={identity.uid},gid={identity.gid}" if many else ""
    size = max(64 << 20, job.limits.memory_bytes // 4)
    account = f"{identity.name}:x:{identity.uid}:{identity.gid}::{PRIVATE_TEMPORARY}:/bin/sh"
    words = arranged(
        hidden={
            **dict.fromkeys((*ALWAYS_HIDDEN, *job.hidden), "size=64k,mode=0555"),
            PRIVATE_TEMPORARY: f"size={size},mode=0700{owner}",
        },
        readable=job.readable,
        writable=job.writable,
        files={
            "/etc/passwd": account,
            "/etc/group": f"{identity.name}:x:{identity.gid}:",
        },
    )
    return [ability.tools["sh"], "-c", _script(ability.tools), "nixie", *words, "--"]


def _script(tools: Mapping[str, str]) -> str:
    """The shell program that carries out the words of `view.arranged`, then runs the command.

    It stays process 1 of the job's PID namespace: when it ends, everything in there ends.
    """
    mount, umount, mkdir, cat = (f"'{tools[one]}'" for one in ("mount", "umount", "mkdir", "cat"))
    return f"""
set -eu; umask 022
while [ "$1" != -- ]; do
  case $1 in
    stage) {mount} -t tmpfs -o size=1m,mode=0755 nixie "$2"; shift 2;;
    take) if [ -d "$3" ]; then {mkdir} "$2"; elif [ -e "$3" ]; then : > "$2";
          else echo "$3 is not there." >&2; exit 125; fi
          {mount} --rbind "$3" "$2"; shift 3;;
    hide) if [ -d "$3" ]; then {mount} -t tmpfs -o "$2,nosuid,nodev" nixie "$3"; fi; shift 3;;
    give) if [ -d "$2" ]; then {mkdir} -p "$3"; else {mkdir} -p "${{3%/*}}"; : > "$3"; fi
          {mount} --move "$2" "$3"; shift 3;;
    lock) {mount} -o remount,bind,ro "$2" 2>/dev/null || :; shift 2;;
    add) if [ -e "$4" ]; then {{ {cat} "$4"; echo "$3"; }} > "$2"; {mount} --bind "$2" "$4"; fi
         shift 4;;
    unstage) {umount} "$2"; shift 2;;
  esac
done
shift; cd /; umask 077
"$@"
exit $?
"""


def _limited(job: Job, ability: Ability, *, counted: bool) -> list[str]:
    """Limits by process, and by user for processes.

    Where a control group counts processes and memory of this job alone, the user's own limits are
    only the second wall: wider, because other jobs of the same user count there too.
    """
    limits = job.limits
    processes = limits.processes * (8 if counted else 1)
    memory = limits.memory_bytes + ((1 << 30) if counted else 0)
    return [
        ability.tools["prlimit"],
        f"--as={memory}:{memory}",
        f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 1}",
        "--core=0:0",
        *(
            [f"--nproc={processes}:{processes}"]
            if ability.footing is not Footing.ONE_USER  # would count the person's whole session
            else []
        ),
        "--",
    ]


def _dropped(identity: Identity, ability: Ability) -> list[str]:
    """setpriv: the user, no groups but its own, no capability but its own, no way to get more."""
    kept = "".join(f",+{name}" for name in identity.capabilities)
    words = [ability.tools["setpriv"]]
    if ability.footing is Footing.MANY_USERS:
        words += ["--reuid", str(identity.uid), "--regid", str(identity.gid), "--clear-groups"]
    if ability.root:
        words += [f"--inh-caps=-all{kept}", f"--ambient-caps=-all{kept}"]
        words += [f"--bounding-set=-all{kept}"]
    elif ability.footing is Footing.OWN_NAMESPACES:
        words += ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
    return [*words, "--no-new-privs", "--pdeathsig", "KILL", "--"]

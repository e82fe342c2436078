"""The job that fetches: with the network, one source's key at most, and a user to tell it apart.

What each user may reach is the filter's to say (`appliance/plan/egress.py`).
"""

from appliance.errors import Problem, Refused
from appliance.roles import FETCHERS
from services.nix.credential import Credential, Material, git_settings, known_hosts
from services.nix.store import Store
from services.processes.privileges import Job, Limits

GIBIBYTE = 1 << 30
FETCH = Limits(memory_bytes=4 * GIBIBYTE, cpu_seconds=1_200, seconds=1_800.0, output_bytes=16 << 20)
USERS = frozenset({"fetch", *FETCHERS})

KEEP_SECRET = """\
umask 077
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
cat > "$place/secret"
export NIXIE_SECRET="$place/secret"
if [ "$1" = netrc ]; then export NIX_CONFIG="${NIX_CONFIG-}
netrc-file = $NIXIE_SECRET"; fi
shift
"$@"
"""
"""Keeps standard input as a file only this user can read, for as long as the command runs."""

SETTLE = """\
umask 077
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
printf %s "$NIXIE_KNOWN_HOSTS" > "$place/known_hosts"
mkdir "$place/git" && printf '[safe]\\n\\tdirectory = *\\n' > "$place/git/config"
export NIXIE_KNOWN_HOSTS="$place/known_hosts" XDG_CONFIG_HOME="$place"
"$@"
"""
"""Gives ssh its host keys and tells libgit2, which knows no variables, to read others' folders."""

SSH = (
    "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=15 "
    '-o UpdateHostKeys=no -o GlobalKnownHostsFile=none -o UserKnownHostsFile="$NIXIE_KNOWN_HOSTS" '
    "-o IdentitiesOnly=yes -o IdentityFile="
)


def fetcher(name: object) -> str:
    """The user to fetch as.  Raises Refused."""
    if name in USERS:
        return str(name)
    raise Refused(Problem(("as",), f"{name!r} is no user that fetches."))


def fetch_job(
    store: Store,
    user: str,
    argv: tuple[str, ...],
    shown: Material,
    credential: Credential | None,
    view: tuple[tuple[str, ...], tuple[str, ...]],
) -> Job:
    """Run `argv` as `user`, with the key `shown` where it is asked for; `view` are the folders that
    are hidden, and those that stay readable."""
    home = str(store.fetch_home(user))
    hidden, readable = view
    return Job(
        user=user,
        argv=_with_secret(argv, shown),
        env=_environment(store, home, shown, credential),
        network=True,
        limits=FETCH,
        hidden=hidden,
        readable=readable,
        writable=(home,),
        stdin=shown.secret_file.encode(),
    )


def forget_job(store: Store, user: str) -> Job:
    """Remove what `user` fetched and kept, which is fetched again when it is asked for."""
    home = str(store.fetch_home(user))
    return Job(
        user=user,
        argv=("/bin/rm", "-rf", "--", f"{home}/.cache"),
        limits=FETCH,
        hidden=(str(store.conf.parent),),
        writable=(home,),
    )


def _with_secret(argv: tuple[str, ...], shown: Material) -> tuple[str, ...]:
    argv = ("/bin/sh", "-c", SETTLE, "nixie", *argv)
    if not shown.use:
        return argv
    return ("/bin/sh", "-c", KEEP_SECRET, "nixie", shown.use, *argv)


def _environment(
    store: Store, home: str, shown: Material, credential: Credential | None
) -> dict[str, str]:
    settings = {
        "safe.directory": "*",
        "credential.helper": "",
        "core.askPass": "/bin/false",
        **{name: value for name, value in shown.env.items() if name.startswith("http.")},
    }
    rest = {name: value for name, value in shown.env.items() if not name.startswith("http.")}
    return {
        **store.environment(home),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "GIT_SSH_COMMAND": SSH + ('"$NIXIE_SECRET"' if shown.use == "key" else "none"),
        "NIXIE_KNOWN_HOSTS": known_hosts(credential),
        **git_settings(settings),
        **rest,
    }

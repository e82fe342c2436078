"""pppd's options and secrets from what net published, and how pppd is started.

It runs as root, because it refuses to run otherwise (main.c of 2.4.9 asks geteuid); of root's
rights it has those for links only, and a view of the file tree in which it can write into its own
two folders: /etc, where it looks for its options and its secrets, and /run.  The password goes from
the file that web wrote to pppd alone: as that very file, in the place of pppd's own two.
"""

from pathlib import Path

from appliance.model.slices import PppoeSlice, Slices
from services.processes.program import Program

HOOK = Path(__file__).with_name("report.sh")
OPTIONS = "etc/ppp/session"
SECRETS = ("etc/ppp/pap-secrets", "etc/ppp/chap-secrets")
REPORT = "run/report"
FOLDERS = ("pppd", "pppd/etc", "pppd/etc/ppp", "pppd/run")
"""What it needs below the state directory."""
PASSWORDS = "secrets/web/pppoe"
ECHO_SECONDS, ECHOES = 10, 3
"""Asked so often whether the provider is there; so many unanswered ones end the session."""


def pppd(program: Path, folder: Path, slices: Slices) -> Program | None:
    """How pppd runs; None when the way out is another one."""
    wan = slices.wan
    if wan is None or wan.pppoe is None:
        return None
    one = wan.pppoe
    password = str(folder.parent / PASSWORDS / one.secret)
    return Program(
        argv=(str(HOOK), "run", one.name, str(program), "file", f"/{OPTIONS}"),
        files={OPTIONS: options(one, wan.link), **dict.fromkeys(SECRETS, "")},
        binds=(
            (str(folder / "etc"), "/etc"),
            (str(folder / "run"), "/run"),
            *((password, f"/{place}") for place in SECRETS),
        ),
        reloads=False,
        locked=True,
    )


def options(one: PppoeSlice, link: str) -> str:
    """The options file (pppd(8)); words of the owner stand in quotes."""
    service = f'pppoe-service "{_quoted(one.service)}"\n' if one.service else ""
    return (
        f"nic-{one.cable}\n"
        f"{service}"
        f"ifname {link}\n"
        f'user "{_quoted(one.user)}"\n'
        f"mtu {one.mtu}\n"
        f"mru {one.mtu}\n"
        "nodetach\n"
        "noauth\n"
        "hide-password\n"
        "noipdefault\n"
        "ipcp-accept-local\n"
        "ipcp-accept-remote\n"
        "nodefaultroute\n"
        "usepeerdns\n"
        "+ipv6\n"
        "noaccomp\n"
        "nopcomp\n"
        "novj\n"
        "nodeflate\n"
        "nobsdcomp\n"
        f"lcp-echo-interval {ECHO_SECONDS}\n"
        f"lcp-echo-failure {ECHOES}\n"
        f"ip-up-script {HOOK}\n"
        f'ipparam "{_quoted(one.name)}"\n'
    )


def _quoted(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"', '\\"')

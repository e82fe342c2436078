"""What a talk with a builder came to: the step at which it ended, and a sentence with the way out.

The texts are those of OpenSSH 9, of shells, of Nix 2.8 to 2.34 on both sides, and errno(3).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.model.builders import Builder
from appliance.store.builder_states import BUILD, EVALUATE, KEY, LOGIN, NIX, REACH, TRUST, Step
from services.nix.complaints import NO_SPACE
from services.nix.failure import own_words, without_log
from services.nix.log_lines import Line, LogLines, Told
from services.nix.store_path import NAR_HASH
from services.nix.verdict import Answer
from services.nix.versions import OLDEST, PRIMARY, Version, version

GONE, FULL_DISK = "gone", "full"
"""The connection ended in the middle, or the disk was full: nothing is said about the work."""
BROKE = "The connection to {name} broke off."
NO_ROOM = (
    "{name} has no room left on its disk. Make room there (nix-collect-garbage -d) or give it more."
)

COMPLAINTS: tuple[tuple[str, str, str], ...] = (
    (
        KEY,
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed",
        "{name} shows another host key than the one you trusted, so it could be somebody else. "
        "Nothing is sent there. Was it installed anew? Then compare its new key and trust it.",
    ),
    (
        LOGIN,
        r"Permission denied \((publickey|keyboard|password)|Too many authentication failures"
        r"|account (is )?(not available|expired|locked)",
        "{name} does not let the router in as {user}. Put the router's line into "
        "~{user}/.ssh/authorized_keys there, whole and in one line; the file must belong to "
        "{user} and be writable for nobody else (chmod 600).",
    ),
    (
        NIX,
        r"nix-daemon: (command )?not found|nix-daemon: No such file|not found: nix-daemon"
        r"|Unknown command: nix-daemon|exec: nix-daemon",
        "{name} lets the router in, and has no nix-daemon where ssh looks for it. Install "
        "Nix there for all users, or give {user} a PATH with it for sessions without a "
        "terminal (SetEnv in sshd_config, or a link in /usr/local/bin).",
    ),
    (
        NIX,
        r"is not allowed to connect to the Nix daemon",
        "The Nix on {name} does not serve {user}. Add {user} to allowed-users in its "
        "/etc/nix/nix.conf and restart its nix-daemon.",
    ),
    (
        NIX,
        r"cannot connect to socket|connect(ing)? to (daemon|socket).*?(refused|No such file)",
        "The nix-daemon of {name} does not run. Start it there: systemctl start nix-daemon.",
    ),
    (
        NIX,
        r"protocol mismatch|(version|protocol) .*?(unsupported|too old|not supported)",
        "The Nix on {name} is too old to talk to. Install 2.8 or newer there.",
    ),
    (
        REACH,
        r"Could not resolve hostname|Name or service not known|Temporary failure in name",
        "The name {host} cannot be looked up. Write it as other machines here know it, or its "
        "address.",
    ),
    (
        REACH,
        r"[Cc]onnection refused|Errno 111",
        "{host} is there, and nothing listens on port {port}. Is sshd running, and on this port?",
    ),
    (
        REACH,
        r"timed out|No route to host|[Nn]etwork is unreachable|Host is down"
        r"|Errno 1(01|10|12|13)\b",
        "{host} does not answer on port {port}. Is it on, and may the router reach it?",
    ),
    (
        NIX,
        r"cannot open connection to remote store.*disconnected unexpectedly",
        "{name} lets the router in, and its Nix hangs up. Mostly {user} is missing from "
        "allowed-users in its /etc/nix/nix.conf; journalctl -u nix-daemon there says more.",
    ),
)
"""Step, what ends it, and what is said."""

LOST = re.compile(
    r"unexpected end-of-file|[Bb]roken pipe|[Cc]onnection (to .*? )?(closed|reset)|not responding"
    r"|failed to start SSH|cannot connect to|client_loop|disconnected|reading from file"
    r"|writing to file|error in the protocol"
)

WORK = re.compile(
    r"[Cc]annot build '|builder for '[^']+' failed|hash mismatch|timed out after \d+ seconds"
    r"|killed after writing"
)
"""Errors about derivations: another builder would not do better."""
FULL = re.compile(rf"lack of free disk space|{NO_SPACE}|disk full")
"""Nix's own words where the disk of a builder is full, the first after a derivation failed."""
NOISE = re.compile(
    r"don't know how to build these paths:|\s+/nix/store/\S+\.drv$"
    r"|warning: ignoring the client-specified setting 'store'"
)
"""Lines by which the Nix here says that it leaves the work to the Nix there."""
UNSUITED = re.compile(r"is required to build|required system (or|features)")


@dataclass(frozen=True, slots=True)
class Info:
    """The Nix of a builder; `trusted` is None where it is too old to say."""

    version: Version | None
    trusted: bool | None


@dataclass(frozen=True, slots=True)
class Weight:
    """A store path of a builder: the hash of its content, and its size in bytes."""

    nar_hash: str
    size: int


def said(answer: Answer) -> str:
    """All that nix and ssh said."""
    return "\n".join(part for part in (answer.around, answer.trace, answer.error) if part)


def ended(text: str, builder: Builder) -> Step | None:
    """At which step it ended, and why; None when the connection is none of it."""
    facts = {
        "name": builder.name,
        "host": builder.host,
        "port": builder.port,
        "user": builder.user,
    }
    for step, pattern, what in COMPLAINTS:
        if re.search(pattern, text, re.DOTALL):
            return Step(step, "bad", what.format_map(facts))
    if LOST.search(text):
        return Step(GONE, "bad", BROKE.format(name=builder.name))
    return None


def is_noise(said: Told) -> bool:
    """A line that only looks like trouble.

    >>> is_noise(Line("don't know how to build these paths:")), is_noise(Line("building x"))
    (True, False)
    """
    return isinstance(said, Line) and not said.of and NOISE.match(said.text) is not None


def refused(answer: Answer, builder: Builder, step: str) -> Step:
    """The step that a talk ended at, which is `step` when nothing better is known."""
    if answer.reason == "timeout":
        return Step(step, "bad", f"{builder.name} took too long to answer. Is it overloaded?")
    if answer.reason == "refused":
        return Step(step, "bad", answer.what)
    text = said(answer)
    if FULL.search(without_log(text)):
        return Step(step, "bad", NO_ROOM.format(name=builder.name))
    found = ended(text, builder)
    if found is None or found.step == GONE:
        return Step(step, "bad", f"{builder.name} ended the talk: {own_words(text)}")
    return found


def shown(printed: str) -> tuple[str, ...]:
    """The host keys that ssh-keyscan printed, as kind and key, ED25519 first."""
    lines = [line.split() for line in printed.splitlines() if not line.startswith("#")]
    keys = [" ".join(words[1:3]) for words in lines if len(words) == 3]
    return tuple(sorted(keys, key=lambda one: ("ed25519" not in one, "ecdsa" not in one, one)))


def host_key(builder: Builder, keys: Sequence[str]) -> tuple[Step, str]:
    """Whether a builder that showed `keys` is the one that is known, and the key to compare."""
    if not keys:
        what = f"{builder.host} answers on port {builder.port}, and not as an SSH server does."
        return Step(KEY, "bad", f"{what} Is this the port of its sshd?"), ""
    if builder.host_key in keys:
        return Step(KEY, "ok", "It shows the host key that you trusted."), builder.host_key
    if not builder.host_key:
        what = "Its host key has to be compared once. Until then nothing is sent there."
        return Step(KEY, "bad", what), keys[0]
    step = ended("REMOTE HOST IDENTIFICATION HAS CHANGED", builder)
    assert step is not None
    return step, keys[0]


def info(printed: str) -> Info:
    """Read `nix store info --json`; nothing known when it is something else."""
    try:
        told = json.loads(printed)
        trusted = told.get("trusted")
        return Info(
            version(str(told.get("version", ""))), None if trusted is None else bool(trusted)
        )
    except (ValueError, AttributeError):
        return Info(None, None)


def of_nix(found: Info, builder: Builder) -> tuple[Step, ...]:
    """What is to be said of a builder's Nix, and of the router's standing there."""
    if found.version is None:
        seen = Step(NIX, "ok", "It has a Nix that does not say its version.")
    elif found.version.numbers < OLDEST:
        what = f"{builder.name} has Nix {found.version}. 2.8 is the oldest that works: update it."
        return (Step(NIX, "bad", what),)
    else:
        seen = Step(NIX, "ok", f"It has Nix {found.version}.")
    if builder.shares:
        return (seen, _sharing(found, builder))
    what = {
        True: f"It trusts {builder.user}, which it need not: a plain account is safer there.",
        False: "It does not trust the router, and need not: whole builds are made there.",
        None: "It does not say whether it trusts the router. Either is fine.",
    }[found.trusted]
    return (seen, Step(TRUST, "ok", what))


def _sharing(found: Info, builder: Builder) -> Step:
    """Whether it takes what single derivations are built from, which nobody signed."""
    if found.trusted is False:
        what = (
            f"The Nix on {builder.name} does not trust {builder.user}, and takes nothing to build "
            f"single derivations from. Add {builder.user} to trusted-users in its nix.conf and "
            "restart its nix-daemon, or give it whole builds."
        )
        return Step(TRUST, "bad", what)
    what = f"It trusts {builder.user}, as sharing builds needs."
    return Step(TRUST, "ok", what if found.trusted else "It does not say whether it trusts you.")


def of_build(answer: Answer, builder: Builder, system: str, feature: str = "") -> Step:
    """What a small build for `system` came to, which required `feature` if that is one."""
    if answer.good:
        return Step(BUILD, "ok", f"It built for {system}{feature and f' with {feature}'}.")
    text = said(answer)
    if feature and UNSUITED.search(text):
        what = f"The Nix on {builder.name} does not have the feature {feature}. Take it off the "
        return Step(BUILD, "bad", f"{what}list, or add it to system-features in its nix.conf.")
    if UNSUITED.search(text):
        what = f"{builder.name} cannot build for {system}. Take it off the list, or set up "
        return Step(BUILD, "bad", f"{what}emulation there (extra-platforms in its nix.conf).")
    return refused(answer, builder, BUILD)


def of_evaluation(answer: Answer, builder: Builder) -> Step:
    """What a small evaluation came to."""
    if answer.good and answer.out.strip() == "42":
        return Step(EVALUATE, "ok", "It evaluated something small.")
    what = (
        f"{builder.name} does not evaluate for the router. Put the router's line as it is shown "
        f"now into ~{builder.user}/.ssh/authorized_keys there, in the place of the one before; its "
        "nix has to be where sessions without a terminal look for programs."
    )
    return Step(EVALUATE, "bad", what)


def weights(printed: str) -> Mapping[str, Weight]:
    """Read `nix path-info --json`: store path → weight, without paths that have no sound hash."""
    try:
        told = json.loads(printed)
    except ValueError:
        return {}
    return {
        path: Weight(one["narHash"], one["narSize"])
        for path, one in (told.items() if isinstance(told, dict) else ())
        if isinstance(one, dict)
        and NAR_HASH.fullmatch(str(one.get("narHash")))
        and isinstance(one.get("narSize"), int)
    }


def unable(found: Version | None) -> str | None:
    """Why the Nix of this router cannot talk to builders, or None."""
    if found is not None and found.numbers < PRIMARY:
        return (
            f"This router has Nix {found}, and builders need 2.26 or newer here. Run set-up again, "
            "or install a newer Nix."
        )
    return None


def summary(steps: Sequence[Step], builder: Builder) -> str:
    """A trial in a sentence: where it ended, or that the builder is ready."""
    bad = next((one for one in steps if one.state == "bad"), None)
    verb = "shares builds" if builder.shares else "builds"
    return bad.what if bad else f"{builder.name} {verb} for {', '.join(builder.systems)}."


def not_home(answer: Answer, builder: Builder) -> Step | None:
    """Why parts did not come home, when their builder is to blame; the disk that fills is ours."""
    if answer.reason != "done":
        return refused(answer, builder, BUILD)
    text = said(answer)
    return None if answer.good or FULL.search(text) else ended(text, builder)


def unfinished(answer: Answer, lines: LogLines, builder: Builder) -> Step | None:
    """Why a build that failed says nothing about the work, so that another one may do it.

    None when the work itself failed.  What derivations print may hold any words and is left out;
    errors about derivations count first, and what ssh prints after them.
    """
    if answer.reason == "refused":
        return Step(BUILD, "bad", answer.what)
    if answer.reason != "done":
        return None
    errors = without_log("\n".join(lines.errors))
    if FULL.search(errors):
        return Step(FULL_DISK, "bad", NO_ROOM.format(name=builder.name))
    if UNSUITED.search(errors):
        what = f"{builder.name} has not what this build requires: {own_words(errors)}"
        return Step(BUILD, "bad", what)
    if WORK.search(errors):
        return None
    return ended("\n".join([*lines.printed, errors]), builder)

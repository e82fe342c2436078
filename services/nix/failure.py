"""What nix complained about, as a sentence with the way out.

A table of patterns over the texts of Nix 2.8 to 2.34 (libexpr, libfetchers, libstore) and of
nixpkgs' own throws.  The first that matches speaks; without one, nix's own words do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.images import Finding
from services.nix.log_lines import named


@dataclass(frozen=True, slots=True)
class Failure:
    """One known complaint.  `what` and `missing` are filled with the pattern's named groups."""

    kind: str
    pattern: re.Pattern[str]
    what: str
    missing: str | None = None


def _known(kind: str, pattern: str, what: str, missing: str | None = None) -> Failure:
    return Failure(kind, re.compile(pattern, re.DOTALL), what, missing)


EVALUATION: tuple[Failure, ...] = (
    _known(
        "unfree",
        r"Package ['‘](?P<name>[^'’]+)['’].*?has an unfree license",
        "{name} has an unfree licence, which this host does not allow.",
        "nixpkgs.config.allowUnfree = true;",
    ),
    _known(
        "insecure",
        r"Package ['‘](?P<name>[^'’]+)['’].*?is marked as insecure",
        "{name} is marked as insecure, and this host does not permit it.",
        'nixpkgs.config.permittedInsecurePackages = [ "{name}" ];',
    ),
    _known(
        "broken",
        r"Package ['‘](?P<name>[^'’]+)['’].*?is marked as broken",
        "{name} is marked as broken in this nixpkgs. Use another version of it.",
    ),
    _known(
        "unsupported",
        r"Package ['‘](?P<name>[^'’]+)['’].*?is not available on the requested hostPlatform",
        "{name} does not exist for this host's kind of processor.",
    ),
    _known(
        "lock older",
        r"(cannot (update|write|modify).*?(lock file|unlocked flake input '(?P<name>[^']+)')"
        r"|lock file contains unlocked input|requires lock file changes"
        r"|in pure evaluation mode.*?lock)",
        "flake.lock is older than flake.nix: it does not know every input{named}. "
        "Run nix flake lock and commit flake.lock.",
    ),
    _known(
        "currentSystem",
        r"(attribute|variable) 'currentSystem' (missing|is)|undefined variable 'currentSystem'"
        r"|currentSystem.{0,60}(pure|impure)",
        "It uses builtins.currentSystem, which pure evaluation does not have. Name the system.",
        'system = "x86_64-linux";',
    ),
    _known(
        "absolute path",
        r"access to absolute path '(?P<path>[^']+)' is forbidden"
        r"|access to (canonical )?path '(?P<second>[^']+)' is forbidden",
        "It reads {path}{second}, which is outside the flake. Put the file into the flake and use "
        "a relative path.",
    ),
    _known(
        "network",
        r"access to URI '(?P<url>[^']+)' is forbidden|cannot fetch.*?restricted mode"
        r"|(unable to download|could not resolve host).*?(?P<second>https?://[^'\s]+)",
        "It fetches {url}{second} while it is evaluated, which is not possible here. "
        "Make it an input of the flake.",
    ),
    _known(
        "ifd",
        r"cannot build '(?P<drv>[^']+)' during evaluation because the option"
        r" 'allow-import-from-derivation'"
        r"|(?P<second>/nix/store/\S+?\.drv).*?import-from-derivation",
        "Its evaluation needs {drv}{second} to be built first (import from derivation). Allow "
        "that for this source, or avoid it in the flake.",
    ),
    _known(
        "unlocked fetch",
        r"in pure evaluation mode, '(?P<name>fetch\w+)' requires|'(?P<second>fetch\w+)' (is not "
        r"allowed|requires).*?(pure|sha256|hash)",
        "It calls {name}{second} without a hash, which pure evaluation does not allow.",
    ),
    _known(
        "recursion",
        r"infinite recursion encountered",
        "Its evaluation goes in a circle (infinite recursion).",
    ),
    _known(
        "stack",
        r"stack overflow|max-call-depth",
        "Its evaluation calls itself without end (stack overflow).",
    ),
    _known(
        "memory",
        r"out of memory|cannot allocate|std::bad_alloc|Too many heap sections",
        "Its evaluation needs more memory than one host may use here.",
    ),
    _known(
        "assertion",
        r"Failed assertions?:\s*(?P<text>.+?)(?:\n\n|\Z)",
        "The configuration refuses itself: {text}",
    ),
    _known(
        "no flake",
        r"does not contain (a|any) '(?P<path>[^']*flake\.nix)' file|path '[^']+/flake\.nix' does "
        r"not exist|flake\.nix' does not exist|getting status of '[^']*/flake\.nix'",
        "There is no flake.nix in this source. Give its directory with ?dir=.",
    ),
    _known(
        "missing option",
        r"The option [`'](?P<name>[^`']+)' does not exist",
        "The option {name} does not exist in the nixpkgs that this flake uses.",
    ),
    _known(
        "missing attribute",
        r"attribute '(?P<name>[^']+)' missing",
        "The attribute {name} is missing.",
    ),
    _known(
        "conflict",
        r"The option [`'](?P<name>[^`']+)' has conflicting definition values",
        "The option {name} is set twice to different values.",
        None,
    ),
    _known("syntax", r"syntax error, (?P<text>[^\n]+)", "The flake has a syntax error: {text}."),
)
"""Evaluation, most telling first."""

FETCHING: tuple[Failure, ...] = (
    _known(
        "rate limit",
        r"rate limit|API rate|HTTP error 429|error 403.{0,200}api\.github\.com"
        r"|api\.github\.com.{0,200}error 403",
        "The server has had too many requests from this address (rate limit). Store an access "
        "token with the source, or wait an hour.",
    ),
    _known(
        "private",
        r"HTTP error (401|403|404)|returned error: (401|403|404)|Repository not found"
        r"|could not read (Username|Password)|Authentication failed|terminal prompts disabled",
        "{subject} is private or does not exist (the server answered {code}). Check the address; "
        "for a private one store an access token or deploy key.",
    ),
    _known(
        "host key",
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED",
        "The SSH key of {host} is not known here, so it could be anybody. Store the server's host "
        "key with the source's credential.",
    ),
    _known(
        "deploy key",
        r"Permission denied \((publickey|password|keyboard)",
        "{host} does not accept the key for {subject}. Store a deploy key that it knows.",
    ),
    _known(
        "no such revision",
        r"couldn't find remote ref|cannot find Git revision|Could not find branch|not our ref"
        r"|reference '[^']+' not found|error 422|unable to find.*?ref",
        "{subject} has no such branch, tag or revision.",
    ),
    _known(
        "name",
        r"[Cc]ould ?n[o']t resolve host(name)?:? '?(?P<host>[A-Za-z0-9-]+\.[A-Za-z0-9.-]+)?"
        r"|Temporary failure in name resolution|Name or service not known",
        "The name {host} cannot be looked up. Is the router connected to the internet?",
    ),
    _known(
        "unreachable",
        r"[Cc]onnection refused|[Ff]ailed to connect|Couldn't connect|timed? ?out|Timeout"
        r"|No route to host|Network is unreachable|Connection reset",
        "{host} does not answer. It is tried again at the next refresh.",
    ),
    _known(
        "certificate",
        r"SSL certificate|certificate verify|peer certificate|SSL peer",
        "The certificate of {host} is not valid, so it could be anybody.",
    ),
    _known(
        "hash",
        r"(NAR )?hash mismatch",
        "{subject} is not what flake.lock says: its hash differs. Somebody replaced it; run nix "
        "flake update and commit the result.",
    ),
    _known(
        "unreadable directory",
        r"Permission denied|not owned by current user|dubious ownership",
        "{subject} cannot be read by the user that fetches sources. Make the directory readable "
        "for everybody (chmod -R o+rX).",
    ),
    _known(
        "no repository",
        r"not a git repository|could not find repository|is not a Git repository",
        "{subject} is not a git repository. Write path: for a plain directory.",
    ),
    _known(
        "gone",
        r"does not exist|No such file",
        "{subject} does not exist.",
    ),
    _known(
        "archive",
        r"unsupported archive|Unrecognized archive|failed to (open|read|extract) archive|archive",
        "{subject} is not an archive that nix can unpack.",
    ),
)
"""Fetching a source or an input."""

BUILDING: tuple[Failure, ...] = (
    _known(
        "disk full",
        r"No space left on device|disk full|database or disk is full|Disk quota exceeded",
        "The disk of the store is full. Remove old generations or add space, then retry.",
    ),
    _known(
        "silent",
        r"timed out after (?P<seconds>\d+) seconds of silence",
        "{failed} printed nothing for {seconds} s and was stopped.",
    ),
    _known(
        "time",
        r"timed out after (?P<seconds>\d+) seconds",
        "{failed} took longer than {seconds} s and was stopped.",
    ),
    _known(
        "log",
        r"killed after writing more than (?P<bytes>\d+) bytes of log",
        "{failed} printed more than {bytes} bytes and was stopped.",
    ),
    _known(
        "system",
        r"a '(?P<system>[^']+)' with features \{(?P<features>[^}]*)\} is required to build"
        r"|required (system|features).*?'(?P<second>[a-z0-9_]+-linux)'",
        "It has to be built on {system}{second}, which this router is not. Add a builder for it.",
    ),
    _known(
        "hash",
        r"hash mismatch in fixed-output derivation '(?P<drv>[^']+)'",
        "{drv} downloaded something else than its hash says.",
    ),
    _known(
        "gone",
        r"cannot build missing derivation|path '[^']+' is not valid|does not exist in the store"
        r"|is missing from the store|don't know how to build",
        "Its derivation was removed from the store meanwhile.",
    ),
    _known(
        "no daemon",
        r"cannot connect to socket|Connection refused|daemon.*?(disconnected|closed)|Nix daemon "
        r"disconnected|unexpected end-of-file",
        "The nix-daemon went away. The build is tried again.",
    ),
    _known(
        "failed",
        r"[Cc]annot build '(?P<drv>[^']+)'|builder for '(?P<second>[^']+)' failed",
        "{drv}{second} could not be built{because}.",
    ),
)
"""Realising derivations."""


def found(table: tuple[Failure, ...], text: str) -> tuple[Failure, dict[str, str]] | None:
    """The first complaint of `table` that `text` is, with what it names."""
    for failure in table:
        if match := failure.pattern.search(text):
            return failure, {name: value or "" for name, value in match.groupdict().items()}
    return None


def sentence(
    table: tuple[Failure, ...], text: str, names: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """(kind, sentence) for an error text; kind "other" with nix's own words when unknown."""
    hit = found(table, text)
    if hit is None:
        return "other", own_words(text)
    failure, groups = hit
    return failure.kind, _filled(failure.what, groups, names)


def finding(text: str, trace: str = "", tree: str = "") -> tuple[str, Finding]:
    """(kind, finding) for an evaluation error.

    `trace` is all that nix says around it, `tree` the store path of the flake's own files.
    """
    text = in_flake(text, tree)
    hit = found(EVALUATION, text)
    where = place(trace, tree)
    if (hit is None or hit[0].kind == "absolute path") and "getEnv" in pointed_at(trace):
        return "getEnv", Finding("bad", f"{EMPTY_VARIABLE} {own_words(text)}", where=where)
    if hit is None:
        return "other", Finding("bad", own_words(text), where=where)
    failure, groups = hit
    missing = failure.missing.format_map(_Blank(groups)) if failure.missing else None
    return failure.kind, Finding(
        "bad", _filled(failure.what, groups, None), missing=missing, where=where
    )


EMPTY_VARIABLE = (
    "It reads an environment variable (getEnv), which is always empty in pure evaluation."
)


def http_status(text: str) -> str:
    """What a server answered, for a sentence; "nothing usable" when nix does not say.

    >>> http_status("HTTP error 404 ('')"), http_status("fatal: Authentication failed")
    ('404', 'nothing usable')
    """
    match = re.search(r"(?:HTTP error|returned error:|error:)\s*([45]\d\d)\b", text)
    return match.group(1) if match else "nothing usable"


STALE = re.compile(r"could not update local clone|using cached version|using cached result")
"""Nix went on with what it had fetched before: not what a refresh is for."""


def own_words(text: str) -> str:
    """Nix's own message, short: the last paragraph's first lines."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("…", "at ", "|", "(stack trace"))]
    told = " ".join(lines[:4]) if lines else "nix gave no reason"
    return told[:600].rstrip(" .") + "."


def in_flake(text: str, tree: str) -> str:
    """Names of files as the owner knows them: relative to the flake, or store paths.

    >>> in_flake("in /var/x/store/nix/store/abc-source/a.nix: no", "/nix/store/abc-source")
    'in a.nix: no'
    """
    text = re.sub(r"(?:/[^\s/'\"]+)+(?=/nix/store/)", "", text)
    return text.replace(f"{tree}/", "") if tree else text


def pointed_at(trace: str) -> str:
    """The lines of code that the frames of a trace point at, without those around them."""
    frames = re.finditer(r"\bat \S+:(\d+):\d+:\n((?:[ ]*\d*\|[^\n]*\n?)+)", trace)
    return "\n".join(
        line
        for number, excerpt in (frame.groups() for frame in frames)
        for line in excerpt.splitlines()
        if line.strip().startswith(f"{number}|")
    )


def place(trace: str, tree: str) -> str | None:
    """File and line of the flake that is nearest to the error, when nix names one."""
    frames = re.findall(r"\bat \S*(/nix/store/[^\s:/]+)/([^\s:]+):(\d+)", trace)
    own = [f"{file}:{line}" for root, file, line in frames if root == tree]
    return own[-1] if own else None


class _Blank(dict[str, str]):
    """Fills what is not known with nothing."""

    def __missing__(self, _: str) -> str:
        return ""


def _filled(what: str, groups: Mapping[str, str], names: Mapping[str, str] | None) -> str:
    shown = {name: _plain(name, value) for name, value in groups.items()}
    if groups.get("name"):
        shown["named"] = f" ({groups['name']})"
    given = {name: value for name, value in (names or {}).items() if not shown.get(name)}
    return what.format_map(_Blank({**shown, **given}))


def _plain(name: str, value: str) -> str:
    if name in {"drv", "second", "path"}:
        return named(value)
    return " ".join(value.split())[:400]

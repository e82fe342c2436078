"""What nix is known to complain about, each with the sentence and the way out.

Tables of patterns over the texts of Nix 2.8 to 2.34 (libexpr, libfetchers, libstore), of git and
curl below them, and of nixpkgs' own throws.  The first of a table that matches speaks.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """One known complaint.  `what` and `missing` are filled with the pattern's named groups; the
    pattern becomes machinery when the first error comes, which is 0.3 MB on most days."""

    kind: str
    pattern: str
    what: str
    missing: str | None = None


NO_SPACE = "No space left on device|Disk quota exceeded|database or disk is full"
"""Of the kernel and of SQLite, in the words of whoever met a full disk."""
DROPPED = re.compile(
    r"cannot connect to socket|reading from file: Connection reset|Nix daemon disconnected"
    r"|unexpected end-of-file"
)
"""The daemon is gone, or has dropped this one connection."""


def _known(kind: str, pattern: str, what: str, missing: str | None = None) -> Complaint:
    return Complaint(kind, pattern, what, missing)


PACKAGE = r"[Pp]ackage ['‘](?P<name>[^'’]+)['’] in \S+(?: because it)?"
"""How nixpkgs' pkgs/stdenv/generic/check-meta.nix begins when it refuses a package.

In 2024 (ff5face26a67 of auxolotl/nixpkgs): "Package ‘name’ in place …, refusing to evaluate."  In
2026 (00284adb9c0a): "Refusing to evaluate package 'name' in place because it …"; a broken one "has
problems:" (problems.nix beside it, d0a743cc1ce5 of llakala/nixpkgs).
"""

EVALUATION: tuple[Complaint, ...] = (
    _known(
        "unfree",
        rf"{PACKAGE} has an unfree license",
        "{name} has an unfree licence, which this host does not allow. Leave it out, allow it "
        "alone with nixpkgs.config.allowUnfreePredicate, or allow every such package.",
        "nixpkgs.config.allowUnfree = true;",
    ),
    _known(
        "blocklisted",
        rf"{PACKAGE} has a bl(?:ock|ack)listed license(?: \(‘(?P<licence>[^’]+)’\))?",
        "{name} has a licence that this host forbids ({licence}). Leave it out there, or take the "
        "licence off nixpkgs.config.blocklistedLicenses.",
    ),
    _known(
        "not-from-source",
        rf"{PACKAGE} contains elements not built from source",
        "{name} was not built from source alone, which this host does not allow. Allow it there, "
        "or leave it out.",
        "nixpkgs.config.allowNonSource = true;",
    ),
    _known(
        "insecure",
        rf"{PACKAGE} is marked as insecure.*?Known issues:\s*- (?P<text>.+?)[.\s]*(?:\n\s*\n|\Z)",
        "{name} is marked as insecure, and this host does not permit it: {text}. Use a newer one, "
        "or permit it there.",
        'nixpkgs.config.permittedInsecurePackages = [ "{name}" ];',
    ),
    _known(
        "insecure",
        rf"{PACKAGE} is marked as insecure",
        "{name} is marked as insecure, and this host does not permit it. Use a newer one, or "
        "permit it there.",
        'nixpkgs.config.permittedInsecurePackages = [ "{name}" ];',
    ),
    _known(
        "broken",
        rf"{PACKAGE} is marked as broken",
        "{name} is marked as broken in this nixpkgs. Use another version of it, or try it all the "
        "same.",
        "nixpkgs.config.allowBroken = true;",
    ),
    _known(
        "problems",
        rf"{PACKAGE} has problems:\s*- (?P<text>.+?)[.\s]*\n\s*See also.*?"
        r"problems\.handlers = \{\s*(?P<handler>[^\n]+? = \"warn\";)",
        "{name} has problems in this nixpkgs: {text}. Use another version of it, or try it all the "
        "same.",
        "nixpkgs.config.problems.handlers.{handler}",
    ),
    _known(
        "unsupported",
        rf"{PACKAGE} is not (?:available on the requested hostPlatform|supported on)",
        "{name} does not exist for this host's kind of processor. Leave it out there, or try it "
        "all the same.",
        "nixpkgs.config.allowUnsupportedSystem = true;",
    ),
    _known(
        "old-nix",
        r"unsupported parameter 'dir'",
        "This Nix is too old to read a flake below the top of its source (?dir=). Install Nix 2.26 "
        "or newer, or move flake.nix to the top.",
    ),
    _known(
        "unlocked-fetch",
        r"in pure evaluation mode, '(?P<name>fetch\w+)' (requires|will not fetch unlocked)"
        r"|'(?P<second>fetch\w+)' (is not allowed|requires).*?(pure|sha256|hash)"
        r"|cannot call '(?P<third>getFlake)' on unlocked",
        "It calls {name}{second}{third} without a hash, which pure evaluation does not allow. Give "
        "the hash, or make it an input of the flake.",
    ),
    _known(
        "lock-older",
        r"(cannot (update|write|modify).*?(lock file|unlocked flake input '(?P<name>[^']+)')"
        r"|lock file contains unlocked input|requires lock file changes"
        r"|in pure evaluation mode.*?lock)",
        "flake.lock is older than flake.nix: it does not know every input{named}. "
        "Run nix flake lock and commit flake.lock.",
    ),
    _known(
        "impure",
        r"(attribute|variable) 'currentSystem' (missing|is)|undefined variable 'currentSystem'"
        r"|currentSystem.{0,60}(pure|impure)",
        "It uses builtins.currentSystem, which pure evaluation does not have. Name the system.",
        'system = "x86_64-linux";',
    ),
    _known(
        "impure",
        r"(attribute|variable) 'currentTime' missing|undefined variable 'currentTime'",
        "It asks for the time (builtins.currentTime), which pure evaluation does not have. Use the "
        "flake's own self.lastModified.",
    ),
    _known(
        "outside-path",
        r"access to absolute path '(?P<path>[^']+)' is forbidden"
        r"|access to (canonical )?path '(?P<second>[^']+)' is forbidden",
        "It reads {path}{second}, which is outside the flake. Put the file into the flake and use "
        "a relative path.",
    ),
    _known(
        "fetch-while-evaluated",
        r"access to URI '(?P<url>[^']+)' is forbidden|cannot fetch.*?restricted mode"
        r"|(unable to download|could not resolve host).*?(?P<second>https?://[^'\s]+)",
        "It fetches {url}{second} while it is evaluated, which is not possible here. "
        "Make it an input of the flake.",
    ),
    _known(
        "import-from-derivation",
        r"cannot build '(?P<drv>[^']+)' during evaluation because the option"
        r" 'allow-import-from-derivation'"
        r"|(?P<second>/nix/store/\S+?\.drv).*?import-from-derivation",
        "Its evaluation needs {drv}{second} to be built first (import from derivation). Allow "
        "that for this source, or avoid it in the flake.",
    ),
    _known(
        "disk",
        NO_SPACE,
        "The disk of the store is full. Make room on it or give it more, then look again.",
    ),
    _known(
        "recursion",
        r"infinite recursion encountered",
        "Its evaluation goes in a circle (infinite recursion). Look for a value that is defined by "
        "itself.",
    ),
    _known(
        "stack-overflow",
        r"stack overflow|max-call-depth",
        "Its evaluation calls itself without end (stack overflow). Look for a function that never "
        "comes back.",
    ),
    _known(
        "memory",
        r"out of memory|cannot allocate|std::bad_alloc|Too many heap sections",
        "Its evaluation needs more memory than one host may use here. Look for a list that grows "
        "without end.",
    ),
    _known(
        "assertion",
        r"Failed assertions?:\s*(?P<text>.+?)(?:\n\n|\Z)",
        "The configuration refuses itself: {text} Change it in the flake.",
    ),
    _known(
        "no-flake",
        r"does not contain (a|any) '(?P<path>[^']*flake\.nix)' file|path '[^']+/flake\.nix' does "
        r"not exist|flake\.nix' does not exist|getting status of '[^']*/flake\.nix'",
        "There is no flake.nix in this source. Give its directory with ?dir=.",
    ),
    _known(
        "missing-option",
        r"The option [`'](?P<name>[^`']+)' does not exist",
        "The option {name} does not exist in the nixpkgs that this flake uses. Look for a typing "
        "mistake, or update nixpkgs.",
    ),
    _known(
        "missing-attribute",
        r"attribute '(?P<name>[^']+)' missing",
        "The attribute {name} is missing. Look for a typing mistake, or for what should define it.",
    ),
    _known(
        "conflict",
        r"The option [`'](?P<name>[^`']+)' has conflicting definition values",
        "The option {name} is set twice to different values. Keep one, or say with lib.mkForce "
        "which wins.",
    ),
    _known(
        "undefined",
        r"undefined variable '(?P<name>[^']+)'",
        "It uses {name}, which nobody defines. Look for a typing mistake.",
    ),
    _known(
        "syntax",
        r"syntax error, (?P<text>[^\n]+)",
        "Nix cannot read the flake: {text}. Correct it there.",
    ),
)
"""Evaluation, most telling first."""

FETCHING: tuple[Complaint, ...] = (
    _known(
        "rate-limit",
        r"rate limit|API rate|(HTTP error|returned error:) 429|error 403.{0,200}api\.github\.com"
        r"|api\.github\.com.{0,200}error 403",
        "The server has had too many requests from this address (rate limit). Store an access "
        "token with the source, or wait an hour.",
    ),
    _known(
        "private",
        r"HTTP error (401|403|404)|returned error: (401|403|404)|[Rr]epository ('[^']+' )?not found"
        r"|could not read (Username|Password)|Authentication failed|terminal prompts disabled",
        "{subject} is private or does not exist{answered}. Check the address; for a private one "
        "store an access token or deploy key.",
    ),
    _known(
        "deploy-key",
        r"Permission denied \((publickey|password|keyboard)",
        "{host} does not accept the deploy key that is stored. Store one that it knows.",
    ),
    _known(
        "unknown-server",
        r"[Cc]ould ?n[o']t resolve host(name)?:? '?(?P<host>[A-Za-z0-9-]+\.[A-Za-z0-9.-]+)?"
        r"|Temporary failure in name resolution|Name or service not known",
        "The name {host} cannot be looked up. Is the router connected to the internet?",
    ),
    _known(
        "unreachable",
        r"[Cc]onnection refused|[Ff]ailed to connect|Could(n't| not) connect|timed? ?out|Timeout"
        r"|No route to host|Network is unreachable|Connection reset",
        "{host} does not answer. Look whether it is up and reachable from here, then look again.",
    ),
    _known(
        "server",
        r"(HTTP error|returned error:) 5\d\d",
        "{host} has trouble of its own{answered}. Look again later.",
    ),
    _known(
        "certificate",
        r"SSL certificate|certificate verify|peer certificate|SSL peer",
        "The certificate of {host} is not valid, so it could be anybody. Give the server a "
        "certificate that the world knows.",
    ),
    _known(
        "hash",
        r"(NAR )?hash mismatch",
        "{subject} is not what flake.lock says: its hash differs. Somebody replaced it; run nix "
        "flake update and commit the result.",
    ),
    _known(
        "unreadable-directory",
        r"Permission denied|not owned by current user|dubious ownership",
        "{subject} cannot be read by the user that fetches sources. Make the directory readable "
        "for everybody (chmod -R o+rX).",
    ),
    _known(
        "no-repository",
        r"not a git repository|could not find repository|is not a Git repository"
        r"|is this a git repository",
        "{subject} is not a git repository. Write path: for a plain directory, https: for an "
        "archive.",
    ),
    _known(
        "no-such-revision",
        r"couldn't find remote ref|cannot find Git revision|Could not find branch|not our ref"
        r"|reference '[^']+' not found|revspec '[^']+' not found|error 422|unable to find.*?ref",
        "{subject} has no such branch, tag or revision. Look at ?ref= and ?rev= in the address.",
    ),
    _known(
        "gone",
        r"does not exist|No such file",
        "{subject} does not exist any more, or never did. Look at its address.",
    ),
    _known(
        "archive",
        r"unsupported archive|Unrecognized archive|failed to (open|read|extract) archive|archive",
        "{subject} is not an archive that nix can unpack. Give the address of the archive itself, "
        "not of its page.",
    ),
)
"""Fetching a source or an input."""

AWAY = re.compile(
    rf"{DROPPED.pattern}|Connection refused|daemon.*?(disconnected|closed)", re.DOTALL
)
"""A daemon that is away: the router's, or a builder's."""

BUILDING: tuple[Complaint, ...] = (
    _known(
        "disk",
        rf"{NO_SPACE}|disk full",
        "The disk of the store is full. Make room on it or give it more, then build again.",
    ),
    _known(
        "silent",
        r"timed out after (?P<seconds>\d+) seconds of silence",
        "{failed} printed nothing for {seconds} s and was stopped. Its log says how far it came.",
    ),
    _known(
        "timeout",
        r"timed out after (?P<seconds>\d+) seconds",
        "{failed} took longer than {seconds} s and was stopped. Its log says how far it came.",
    ),
    _known(
        "output",
        r"killed after writing more than (?P<bytes>\d+) bytes of log",
        "{failed} printed more than {bytes} bytes and was stopped. Make it say less.",
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
        "{drv} downloaded something else than its hash says. Somebody replaced it, or the hash is "
        "wrong.",
    ),
    _known(
        "gone",
        r"cannot build missing derivation|path '[^']+' is not valid|does not exist in the store"
        r"|is missing from the store|don't know how to build",
        "Its derivation was removed from the store meanwhile.",
    ),
    _known(
        "sandbox",
        r"has '__noChroot' set",
        "{failed} asks to be built outside of the sandbox (__noChroot), which nothing is. Take "
        "that out of it.",
    ),
    _known(
        "processes",
        r"can't fork|[Ff]ork: (retry: )?Resource temporarily unavailable",
        "{failed} started more processes than all builds together may have, and was stopped.",
    ),
    _known(
        "set-uid",
        r"chmod: [^\n]*Operation not permitted",
        "{failed} gives a file rights that no build may give, such as to run as somebody else "
        "(set-uid). Take that out of it.",
    ),
    _known(
        "unreachable",
        r"unable to download '(?P<url>[^']+)'.*?(connect|resolve|timed? ?out|Timeout)",
        "{url} does not answer a build, which reaches the internet only. Look whether it is up; "
        "what lies at home has to be an input of the flake.",
    ),
    _known(
        "failed",
        r"[Cc]annot build '(?P<drv>[^']+)'|builder for '(?P<second>[^']+)' failed",
        "{drv}{second} could not be built{because}. Correct it in the flake, then look at the "
        "source again.",
    ),
    _known(
        "no-daemon",
        AWAY.pattern,
        "The nix-daemon went away. The build is tried again.",
    ),
)
"""Realising derivations."""

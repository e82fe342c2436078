"""Why a tree could not be fetched, as a sentence: what stands in the way here, then over there.

`HERE` are this router's own obstacles, `LOCAL` those of a directory of it, in the words of git, ssh
and Nix 2.8 to 2.34; those of servers are in `complaints.FETCHING`.
"""

import re
from dataclasses import dataclass

from appliance.model.obstacles import went_too_far
from appliance.model.source_options import is_private
from appliance.roles import CONFINED
from services.nix.complaints import DROPPED, FETCHING, NO_SPACE, Complaint
from services.nix.failure import answered, own_words, sentence
from services.nix.verdict import Answer


@dataclass(frozen=True, slots=True)
class Sought:
    """What was to be fetched.  `host` is "" for a directory of this machine, which is `place`."""

    subject: str  # "This source", "Input nixpkgs"
    host: str = ""
    port: int = 0  # 0 for the scheme's own
    place: str = ""

    @property
    def names(self) -> dict[str, str]:
        """What the sentences are filled with."""
        scan = f"-p {self.port} {self.host}" if self.port else self.host
        return {
            "subject": self.subject,
            "host": self.host or self.place,
            "place": self.place,
            "scan": scan,
            "fetcher": f"{CONFINED['fetch'][0]} ({CONFINED['fetch'][1]})",
            "uid": str(CONFINED["fetch"][1]),
        }


AT_HOME = (
    "Of your own network a source reaches its own server, and those under May also fetch from in "
    "its settings, where they have a fixed address."
)
LED_HOME = (
    "{host} sends whoever asks to {address}, inside your own network, where nothing of it may be "
    "fetched. Give the address of a server that has it itself."
)
REBOUND = (
    "The name {host} leads into your own network, where nothing of it may be fetched (DNS "
    "rebinding). Give the address of a server on the internet; if it is a server of yours that is "
    "meant, list it under May also fetch from in the source's settings."
)


def rebound(host: str, subject: str) -> tuple[str, str]:
    """As `why`, of a name that our own resolver does not give to what fetches."""
    told = REBOUND.format(host=host)
    return "private-address", told if subject == "This source" else f"{subject}: {told}"


def why(answer: Answer, sought: Sought) -> tuple[str, str]:
    """(word of `obstacles.py`, sentence) for a fetch that failed."""
    if answer.reason != "done":
        word = answer.reason if went_too_far(answer.reason) else answer.obstacle
        return word, answer.what or f"{sought.subject} could not be fetched."
    text = f"{answer.around}\n{answer.error}"
    table = (*HERE, *(LOCAL if sought.place else ()), *FETCHING)
    kind, told = sentence(table, text, {**sought.names, "answered": answered(text)})
    if kind == "other":
        return kind, f"{sought.subject} could not be fetched: {own_words(answer.error or text)}"
    if kind == "unreachable" and (address := _at_home(text, sought.host)):
        kind, told = "private-address", LED_HOME.format(host=sought.host, address=address)
    if kind in {"unknown-server", "unreachable"} and sought.host and is_private(sought.host):
        told = f"{told} {AT_HOME}"
    named = sought.subject == "This source" or sought.subject in told
    return kind, told if named else f"{sought.subject}: {told}"


def _at_home(text: str, host: str) -> str:
    """The address in the owner's own network that was asked instead of `host`, "" for none."""
    asked = re.findall(r"[Ff]ailed to connect to (\S+)", text)
    return next((one for one in asked if is_private(one)), "") if not is_private(host) else ""


def _here(kind: str, pattern: str, what: str) -> Complaint:
    return Complaint(kind, pattern, what)


HERE: tuple[Complaint, ...] = (
    _here(
        "disk",
        NO_SPACE,
        "The router's disk is full. Make room on it or give it more, then look again.",
    ),
    _here(
        "no-daemon",
        DROPPED.pattern,
        "The nix-daemon of this router did not answer. It starts again by itself: look again in a "
        "moment; if that changes nothing, nixie status says what is wrong with it.",
    ),
    _here(
        "no-ssh",
        r"\bssh: (command )?not found|cannot run ssh\b",
        "The program ssh is missing on this router, and git+ssh: needs it. Install openssh-client, "
        "or read the source by git+https: with an access token.",
    ),
    _here(
        "other-host-key",
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|POSSIBLE DNS SPOOFING",
        "{host} shows another SSH key than the one that is stored with the source, so it could be "
        "somebody else. If its owner says that the key was changed, read the new one with "
        "ssh-keyscan {scan}, compare its fingerprint, and store it with the source's key.",
    ),
    _here(
        "host-key",
        r"Host key verification failed",
        "The SSH key of {host} is not known here, so it could be anybody. Read it with "
        "ssh-keyscan {scan}, compare its fingerprint with what its owner says, and store the line "
        "with the source's key.",
    ),
    _here(
        "unknown-attribute",
        r"[Uu]nsupported Git input attribute '(?P<name>\w+)'"
        r"|input attribute '(?P<second>\w+)' not supported",
        "{subject} asks for {name}{second}, which this Nix does not know. Install a newer one, or "
        "leave it out of the address.",
    ),
)
"""Obstacles of this router, most telling first."""

LOCAL: tuple[Complaint, ...] = (
    _here(
        "unreadable-directory",
        r"Permission denied(?! *[(,])|not owned by current user|dubious ownership",
        "{subject} has files that the user {fetcher} may not read. Let that user read them, and "
        "nobody else: setfacl -R -m u:{uid}:rX {place}, and u:{uid}:x for closed folders above it.",
    ),
)
"""Obstacles of a directory of this router."""

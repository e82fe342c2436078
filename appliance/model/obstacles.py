"""What stands in a flake's way, as one word: findings and events carry it, for scripts and rules.

The sentence beside it is for people and may change; a word stays.  Some words are of both fetches
and builds; the event says which it was.
"""

from collections.abc import Mapping
from typing import Final

WENT_TOO_FAR: Final[Mapping[str, str]] = {
    # while it is evaluated
    "outside-path": "it reads files of this router",
    "impure": "it asks for what differs from one computer to the next",
    "environment": "it relies on a variable of this router",
    "fetch-while-evaluated": "it fetches while it is evaluated",
    "unlocked-fetch": "it fetches, or takes in a flake, without saying which version",
    "import-from-derivation": "it builds while it is evaluated",
    "stack-overflow": "it calls itself without end",
    "memory": "it takes more memory than one evaluation, or all builds, may have",
    "timeout": "it takes longer than it may",
    "output": "it prints more than it may",
    "disk": "it fills the disk",
    "host-name": "its name holds what a shell, a path or a page would take for something else",
    "command-line": "its command line holds what a boot script would obey",
    # its inputs
    "local-input": "an input lies on the computer where it was locked",
    "private-address": "an input lies in the owner's own network, or leads there",
    # its builds
    "sandbox": "it asks to be built outside of the sandbox",
    "set-uid": "it makes a program that runs as somebody else",
    "processes": "it starts more processes than all builds may have",
    "silent": "it prints nothing for longer than it may",
}
"""By these a flake would have had more than is its own.  A stranger's is told of at once."""

IN_THE_WAY: Final[frozenset[str]] = frozenset(
    {
        # mistakes, most of them
        *("assertion", "blocklisted", "broken", "conflict", "insecure", "lock-older"),
        *("missing-attribute", "missing-option", "no-flake", "not-from-source", "problems"),
        *("recursion", "syntax", "undefined", "unfree", "unsupported"),
        # servers, keys and what they give
        *("archive", "certificate", "deploy-key", "gone", "hash", "host-key", "no-repository"),
        *("no-such-revision", "other-host-key", "private", "rate-limit", "server"),
        *("unknown-server", "unlocked-input", "unreachable", "unreadable-directory"),
        # this router
        *("full-disk", "no-daemon", "no-sandbox", "no-ssh", "old-nix", "system"),
        *("unknown-attribute", "unknown-input"),
        # Nix's own words
        *("failed", "other"),
    }
)
"""The others."""


def went_too_far(word: str) -> bool:
    """Whether it is more than a mistake, or bad luck.

    >>> went_too_far("outside-path"), went_too_far("syntax"), went_too_far("")
    (True, False, False)
    """
    return word in WENT_TOO_FAR

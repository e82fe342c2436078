"""The SSH keys of servers, as `ssh-keyscan` prints them: lines of a known_hosts file (sshd(8)).

Text in, checked lines out, or `NotAHostKey` with a sentence that says what to paste instead.
"""

import base64
import binascii
import re

__all__ = ("NotAHostKey", "host_keys")

LONGEST = 8_192  # characters of one line
MOST = 50  # lines
_KIND = re.compile(
    r"(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com"
    r"|sk-ecdsa-sha2-nistp256@openssh\.com)"
)
_NAMES = re.compile(r"[A-Za-z0-9.:\[\],*?!_-]+|\|1\|[A-Za-z0-9+/=]+\|[A-Za-z0-9+/=]+")
_MARKS = ("@cert-authority", "@revoked")


class NotAHostKey(ValueError):
    """The text is no line of a known_hosts file; `what` is a sentence with the way out."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def host_keys(text: str) -> tuple[str, ...]:
    """The lines of `text` without remarks and empty ones; () when there is nothing else."""
    lines = [line.strip() for line in text.splitlines()]
    found = tuple(_checked(line) for line in lines if line and not line.startswith("#"))
    if len(found) > MOST:
        raise NotAHostKey(f"These are {len(found)} keys; {MOST} are the most. Keep the server's.")
    return found


def _checked(line: str) -> str:
    if len(line) > LONGEST or not line.isascii() or not line.isprintable():
        raise NotAHostKey(f"{line[:40]!r} is not what ssh-keyscan prints.")
    words = line.split()
    mark = words[:1] if words[0] in _MARKS else []
    names, kind, key = (*words[len(mark) :], "", "", "")[:3]
    if _KIND.fullmatch(names):
        raise NotAHostKey(
            f"The server's name is missing before {names}. Paste the whole line as ssh-keyscan "
            "prints it: git.example.org ssh-ed25519 AAAA…"
        )
    if "SHA256:" in line:
        raise NotAHostKey(
            "This is a fingerprint, which only proves a key. Paste the line that ssh-keyscan "
            "prints."
        )
    if not _NAMES.fullmatch(names) or not _KIND.fullmatch(kind) or not _is_key(kind, key):
        raise NotAHostKey(
            f"{line[:40]!r} is not a server's name, a kind of key and the key. Paste what "
            "ssh-keyscan prints."
        )
    return " ".join((*mark, names, kind, key))


def _is_key(kind: str, key: str) -> bool:
    """A public key begins with the length and the name of its kind (RFC 4253, 6.6)."""
    try:
        content = base64.b64decode(key, validate=True)
    except binascii.Error:
        return False
    return content.startswith(len(kind).to_bytes(4, "big") + kind.encode()) and len(content) > 40

"""File names as firmware writes them, and what they mean.

Seen in the field: leading `/` or `\\`, backslashes between folders, upper case, a trailing 0xff or
control byte from an unterminated option 67, a whole `tftp://address/` URL as the name, doubled
slashes.  All of them mean a plain relative name.
"""

import re

_SCHEME = re.compile(r"^/*tftp:/*[^/]*/", re.IGNORECASE)
_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")


def tidy(raw: bytes) -> str | None:
    r"""The plain relative name that `raw` means, None when it means nothing we could serve.

    >>> tidy(b"\\\\boot\\\\X64\\ipxe.efi\xff"), tidy(b"tftp://10.0.0.1//bios/undionly.kpxe")
    ('boot/X64/ipxe.efi', 'bios/undionly.kpxe')
    >>> tidy(b"../../etc/passwd") is None
    True
    """
    text = _UNPRINTABLE.split(raw, maxsplit=1)[0].decode("ascii").replace("\\", "/").strip()
    text = _SCHEME.sub("", text)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        return None
    return "/".join(parts)


def asked(raw: bytes) -> str:
    r"""The raw name for people: printable, at most 120 characters.

    >>> asked(b"ipxe.efi\xff\n")
    'ipxe.efi\\xff\\x0a'
    """
    shown = "".join(chr(one) if 0x20 <= one < 0x7F else f"\\x{one:02x}" for one in raw)
    return shown if len(shown) <= 120 else shown[:119] + "…"


def stray(raw: bytes) -> bool:
    r"""Does the name go on with bytes that no name has: an option 67 that did not end (G58)?

    >>> stray(b"ipxe.efi\xff"), stray(b"ipxe.efi")
    (True, False)
    """
    return _UNPRINTABLE.search(raw) is not None


def candidates(raw: bytes) -> tuple[str, ...]:
    """The names to look for, in order: as written, then in lower case; none at all for nonsense."""
    name = tidy(raw)
    if name is None:
        return ()
    return (name,) if name == name.lower() else (name, name.lower())

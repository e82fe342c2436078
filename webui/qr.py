"""A QR code as the path of an SVG: one square per dark module.

ISO/IEC 18004; segno computes the modules, and is loaded when the first trial asks for it.
Nothing of the picture is a style or a script, so it can stand in a page with a strict policy.
"""

from typing import NamedTuple

QUIET = 4
"""Modules of white around the code, without which cameras do not find it (ISO/IEC 18004 §6.3.8)."""


class Code(NamedTuple):
    """`side` is the width of the whole picture in modules, `path` draws the dark ones."""

    side: int
    path: str


def code(text: str) -> Code:
    """The code of a text.

    >>> code("https://10.78.0.1/keep/x").side
    33
    """
    import segno

    rows = [bytes(row) for row in segno.make(text, micro=False, error="m").matrix]
    squares = (
        f"M{x + QUIET} {y + QUIET}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    )
    return Code(len(rows) + 2 * QUIET, "".join(squares))

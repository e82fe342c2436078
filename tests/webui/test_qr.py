import re

import segno

from webui.qr import QUIET, code

LINK = "https://10.78.0.1/keep/Zm9vYmFyYmF6cXV4Zm9vYg"


def test_every_dark_module_is_a_square_at_its_place() -> None:
    drawn = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", code(LINK).path)}
    rows = segno.make(LINK, micro=False, error="m").matrix
    dark = {
        (x + QUIET, y + QUIET) for y, row in enumerate(rows) for x, one in enumerate(row) if one
    }
    assert drawn == dark


def test_there_is_white_on_every_side() -> None:
    made = code(LINK)
    found = [int(one) for pair in re.findall(r"M(\d+) (\d+)", made.path) for one in pair]
    assert (min(found), max(found)) == (QUIET, made.side - QUIET - 1)

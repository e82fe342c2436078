import shutil
from pathlib import Path
from struct import pack

import pytest

from services.lab.sample.programs import interpreter

LOAD, INTERP = 1, 3


def program(*segments: tuple[int, bytes]) -> bytes:
    """A made-up ELF program with these segments."""
    head = pack("<6s10xHHIQQQIHHHHHH", b"\x7fELF\x02\x01", 2, 62, 1, 0, 64, 0, 0, 64, 56,
                len(segments), 0, 0, 0)  # fmt: skip
    at = len(head) + 56 * len(segments)
    table, content = b"", b""
    for kind, body in segments:
        offset = at + len(content)
        table += pack("<IIQQQQQQ", kind, 5, offset, offset, offset, len(body), len(body), 1)
        content += body
    return head + table + content


def test_a_static_program_asks_for_no_loader() -> None:
    assert interpreter(program((LOAD, b"code"))) is None


def test_the_loader_of_a_linked_program_is_found() -> None:
    assert interpreter(program((LOAD, b"x"), (INTERP, b"/lib/ld.so\0"))) == "/lib/ld.so"


def test_a_real_program_names_a_loader_that_is_there() -> None:
    found = interpreter(Path(shutil.which("cat") or "").read_bytes())
    assert found is not None
    assert Path(found).is_file()


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01"])
def test_what_is_no_program_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="ELF"):
        interpreter(content)

"""A kernel's command line, as iPXE hands it on."""

import re

LONGEST = 3_500
"""Characters; Linux on x86 takes 2048 to 4096, and the boot role adds some."""
OPERATORS = frozenset({"||", "&&", "#"})
"""Words that iPXE obeys wherever they stand alone."""
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def passes(command_line: str) -> str:
    """A kernel command line that iPXE hands on unchanged.  Raises ValueError with a sentence."""
    line = " ".join(command_line.split())
    if UNPRINTABLE.search(line):
        raise ValueError("the kernel command line has characters outside ASCII")
    if "${" in line:
        raise ValueError("the kernel command line has ${…}, which iPXE would replace")
    if set(line.split()) & OPERATORS:
        raise ValueError("the kernel command line has a lone ||, && or #, which iPXE would obey")
    return line

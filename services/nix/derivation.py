"""A derivation's file, as far as Nixie reads it: for which system it has to be built.

ATerm: Derive([outputs],[input derivations],[input sources],"system","builder",…); after none of
the lists inside does a text follow, so the first that does is the system.
"""

import re

SYSTEM = re.compile(r'\],"([A-Za-z0-9_-]+)","')
OUTPUT = re.compile(r'\("[^"]*","([^"]*)","')
INPUT = re.compile(r'\("(/nix/store/[^"]*\.drv)",\["')
ANYWHERE = "builtin"


def outputs(text: str) -> tuple[str, ...]:
    """Where a derivation's outputs will lie; () where that is known only once they are built.

    >>> outputs('Derive([("bin","/nix/store/y","",""),("out","/nix/store/x","","")],[("/d",["o')
    ('/nix/store/y', '/nix/store/x')
    """
    made, _, _ = text.removeprefix("Derive([").partition("],[")
    return tuple(path for path in OUTPUT.findall(made) if path)


def inputs(text: str) -> tuple[str, ...]:
    """The derivations that it needs.

    >>> inputs('Derive([("out","/x","","")],[("/nix/store/d.drv",["out"])],["/nix/store/s"],"')
    ('/nix/store/d.drv',)
    """
    return tuple(INPUT.findall(text))


def system(text: str) -> str:
    """The system of a derivation; "" where any can do it, or it cannot be read.

    >>> system('Derive([("out","/nix/store/x","","")],[],["/nix/store/y"],"x86_64-linux","/b",[')
    'x86_64-linux'
    """
    match = SYSTEM.search(text) if text.startswith("Derive(") else None
    return match[1] if match and match[1] != ANYWHERE else ""

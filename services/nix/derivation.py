"""A derivation's file, as far as Nixie reads it: for which system it has to be built.

ATerm: Derive([outputs],[input derivations],[input sources],"system","builder",…); after none of
the lists inside does a text follow, so the first that does is the system.
"""

import re

SYSTEM = re.compile(r'\],"([A-Za-z0-9_-]+)","')
ANYWHERE = "builtin"


def system(text: str) -> str:
    """The system of a derivation; "" where any can do it, or it cannot be read.

    >>> system('Derive([("out","/nix/store/x","","")],[],["/nix/store/y"],"x86_64-linux","/b",[')
    'x86_64-linux'
    """
    match = SYSTEM.search(text) if text.startswith("Derive(") else None
    return match[1] if match and match[1] != ANYWHERE else ""

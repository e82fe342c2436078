"""A derivation's file, as far as Nixie reads it: for which system it has to be built.

ATerm: Derive([outputs],[input derivations],[input sources],"system","builder",…); after none of
the lists inside does a text follow, so the first that does is the system.
"""

import re

SYSTEM = re.compile(r'\],"([A-Za-z0-9_-]+)","')
OUTPUT = re.compile(r'\("[^"]*","([^"]*)","')
INPUT = re.compile(r'\("(/nix/store/[^"]*\.drv)",\["')
REQUIRED = re.compile(r'\("requiredSystemFeatures","([^"\\]*)"\)')
STRUCTURED = re.compile(r'\\"requiredSystemFeatures\\":\[([^\]]*)\]')
WORD = re.compile(r"[a-z0-9][a-z0-9._-]*")
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


def features(text: str) -> frozenset[str]:
    """What it requires of the Nix that builds it, also where its attributes are structured.

    >>> sorted(features('Derive([…],[("name","x"),("requiredSystemFeatures","kvm big-parallel")])'))
    ['big-parallel', 'kvm']
    >>> features(r'Derive([…],[("__json","{\\"requiredSystemFeatures\\":[\\"kvm\\"]}")])')
    frozenset({'kvm'})
    """
    plain, structured = REQUIRED.search(text), STRUCTURED.search(text)
    told = (plain[1] if plain else "", structured[1] if structured else "")
    return frozenset(WORD.findall(" ".join(told)))

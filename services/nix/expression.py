"""Nix expressions of ours, put together from checked values; nothing foreign is ever spliced in."""

from collections.abc import Mapping
from urllib.parse import quote

Value = str | int | bool


def string(text: str) -> str:
    r"""`text` as a Nix string that cannot be left.

    >>> string('a"${b}\n')
    '"a\\"\\${b}\\n"'
    """
    told = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + told.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def literal(value: Value) -> str:
    """A Nix literal.

    >>> literal(True), literal(7), literal("x")
    ('true', '7', '"x"')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else string(value)


def attributes(values: Mapping[str, Value]) -> str:
    """A Nix attribute set.

    >>> attributes({"type": "git"})
    '{ "type" = "git"; }'
    """
    told = "".join(f"{string(name)} = {literal(value)}; " for name, value in values.items())
    return "{ " + told + "}"


def fetched(argument: str) -> str:
    """An expression that fetches a tree and tells its lock; `argument` is a Nix expression."""
    return (
        f"let tree = builtins.fetchTree {argument}; in {{ path = tree.outPath; "
        "nar_hash = tree.narHash; rev = tree.rev or tree.dirtyRev or ''''; "
        "last_modified = tree.lastModified or 0; lock = if builtins.pathExists (tree.outPath + "
        "''/@LOCK@'') then builtins.readFile (tree.outPath + ''/@LOCK@'') else null; "
        "flake = builtins.pathExists (tree.outPath + ''/@FLAKE@''); }"
    )


def fetched_source(source: Mapping[str, Value], below: str) -> str:
    """Fetch a source and tell its lock file; `below` is the directory of flake.nix in it."""
    front = f"{below}/" if below else ""
    told = fetched(attributes(source))
    return told.replace("@LOCK@", f"{front}flake.lock").replace("@FLAKE@", f"{front}flake.nix")


def fetched_input(locked: Mapping[str, Value]) -> str:
    """Fetch one locked input; tells path and hash."""
    return (
        f"let tree = builtins.fetchTree {attributes(locked)}; "
        "in { path = tree.outPath; nar_hash = tree.narHash; }"
    )


def locked_flake(path: str, nar_hash: str, rev: str, last_modified: int, below: str) -> str:
    """The flake of an already fetched tree, as getFlake takes it under pure evaluation."""
    facts = {
        "rev": rev if _is_revision(rev) else "",
        "lastModified": str(last_modified) if last_modified else "",
        "narHash": nar_hash,
        "dir": below,
    }
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in facts.items() if text)
    return f"builtins.getFlake {string(f'path:{path}?{query}')}"


def host_names(flake: str) -> str:
    """What the flake offers: attribute names only, so that no host is evaluated."""
    return (
        f"let flake = {flake}; in {{ "
        "outputs = builtins.attrNames (flake.outputs or flake); "
        "hosts = if flake ? nixosConfigurations "
        "then builtins.attrNames flake.nixosConfigurations else null; }"
    )


def host_facts(flake: str, adapter: str, adapter_hash: str, host: str, *, as_built: bool) -> str:
    """Introspect one host with our adapter, which lies in the store like any locked tree."""
    tree = attributes({"type": "path", "path": adapter, "narHash": adapter_hash})
    return (
        f"let adapter = builtins.fetchTree {tree}; in "
        'import "${adapter}/introspect.nix" '
        f"{{ flake = {flake}; host = {string(host)}; asBuilt = {literal(as_built)}; }}"
    )


def derivations(paths: tuple[str, ...]) -> str:
    """A list of derivations that exist already; importing one evaluates nothing."""
    return "[ " + " ".join(f"(import {path})" for path in paths) + " ]"


def _is_revision(text: str) -> bool:
    return len(text) in {40, 64} and all(one in "0123456789abcdef" for one in text)

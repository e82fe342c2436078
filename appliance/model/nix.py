"""Values as Nix writes them: attribute sets, lists, strings, whole numbers, true, false, null.

Text in, plain values out, and back; nothing is evaluated.  What needs evaluation (functions, `let`,
`${…}`, paths) is refused with its line: Nix can print JSON of it, which says the same.
The escapes are those of the Nix manual, "String literals".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.errors import Problem, Refused

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
KEYWORDS = frozenset({"if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or"})
ESCAPES: Mapping[str, str] = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
UNESCAPED: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t"}
LARGEST = (1 << 63) - 1
DEEPEST = 50
TOKEN = re.compile(
    r"(?P<space>(?:\s+|\#[^\n]*|/\*.*?\*/)+)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?[0-9]+(?![0-9A-Za-z_./]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_'-]*)"
    r"|(?P<mark>\.\.\.|[{}\[\]=;.,:])"
    r"|(?P<other>.)",
    re.DOTALL,
)


def write(value: Any, indent: int = 0) -> str:
    """A value as a person would write it; single settings stand before groups.

    >>> print(write({"ports": ["a"], "name": "lan", "dhcp": None}))
    {
      name = "lan";
      dhcp = null;
      ports = [ "a" ];
    }
    """
    if isinstance(value, Mapping):
        return _written_set(value, indent)
    if isinstance(value, list | tuple):
        return _written_list(value, indent)
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return next(word for word, one in WORDS.items() if one is value)
    return str(value)


def quoted(text: str) -> str:
    """A string, such that nothing in it is code.

    >>> print(quoted('a "b" ${c} $${d} \\\\'))
    "a \\"b\\" \\${c} $\\${d} \\\\"
    """
    escaped = "".join(ESCAPES.get(one, one) for one in text)
    return '"' + escaped.replace("${", "\\${") + '"'


def read(text: str) -> Any:
    """The value that a file is.  Raises Refused with the line and what is there."""
    reader = _Reader(text)
    reader.skip_arguments()
    value = reader.value(0)
    reader.end()
    return value


def _written_set(value: Mapping[str, Any], indent: int) -> str:
    if not value:
        return "{ }"
    pad = " " * (indent + 2)
    rows = sorted(value.items(), key=lambda row: isinstance(row[1], dict | list | tuple))
    lines = [f"{pad}{_key(key)} = {write(one, indent + 2)};" for key, one in rows]
    return "\n".join(("{", *lines, " " * indent + "}"))


def _written_list(value: list[Any] | tuple[Any, ...], indent: int) -> str:
    if not value:
        return "[ ]"
    if not any(isinstance(one, dict | list | tuple) for one in value):
        return f"[ {' '.join(write(one) for one in value)} ]"
    pad = " " * (indent + 2)
    lines = [f"{pad}{write(one, indent + 2)}" for one in value]
    return "\n".join(("[", *lines, " " * indent + "]"))


def _key(name: str) -> str:
    plain = NAME.fullmatch(name) and name not in KEYWORDS | WORDS.keys()
    return name if plain else quoted(name)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for found in TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0], line)
        line += found[0].count("\n")
    yield _Token("end", "the end of the file", line)


class _Reader:
    """Goes through the tokens of one file."""

    def __init__(self, text: str) -> None:
        self._tokens = tuple(_tokens(text))
        self._at = 0

    def skip_arguments(self) -> None:
        """A module may begin with its arguments, `{ config, ... }:`; nothing here uses them."""
        marks = [token.text for token in self._tokens]
        if marks[0] == "{" and "}" in marks:
            after = marks.index("}") + 1
            if marks[after] == ":" and "=" not in marks[:after]:
                self._at = after + 1

    def value(self, depth: int) -> Any:
        """The value that begins here."""
        token = self._take()
        if depth > DEEPEST:
            raise self._refused(token, "is nested too deeply")
        if token.text == "{":
            return self._set(depth)
        if token.text == "[":
            return self._list(depth)
        if token.kind == "string":
            return self._string(token)
        if token.kind == "number" and abs(int(token.text)) <= LARGEST:
            return int(token.text)
        if token.kind == "name" and token.text in WORDS:
            return WORDS[token.text]
        raise self._refused(token, "is no plain value")

    def end(self) -> None:
        """There is nothing more."""
        token = self._take()
        if token.kind != "end":
            raise self._refused(token, "stands after the end of the value")

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token.text != mark:
            raise self._refused(token, f"stands where {mark} belongs")

    def _set(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while self._tokens[self._at].text != "}":
            token, path = self._tokens[self._at], self._path()
            self._expect("=")
            self._put(made, path, self.value(depth + 1), token)
            self._expect(";")
        self._take()
        return made

    def _path(self) -> list[str]:
        """The name of a setting, `a.b."c"`."""
        path = []
        while True:
            token = self._take()
            if token.kind == "string":
                path.append(self._string(token))
            elif token.kind == "name" and token.text not in KEYWORDS:
                path.append(token.text)
            else:
                raise self._refused(token, "is no name of a setting")
            if self._tokens[self._at].text != ".":
                return path
            self._take()

    def _put(self, made: dict[str, Any], path: list[str], value: Any, token: _Token) -> None:
        """Set `path`; sets that are written in pieces become one."""
        *above, last = path
        for name in above:
            inner = made.setdefault(name, {})
            if not isinstance(inner, dict):
                raise self._refused(token, "is set twice")
            made = inner
        present = made.get(last)
        if isinstance(present, dict) and isinstance(value, dict):
            for name, one in value.items():
                self._put(present, [name], one, token)
        elif last in made:
            raise self._refused(token, "is set twice")
        else:
            made[last] = value

    def _list(self, depth: int) -> list[Any]:
        made = []
        while self._tokens[self._at].text != "]":
            made.append(self.value(depth + 1))
        self._take()
        return made

    def _string(self, token: _Token) -> str:
        found, inside, at = "", token.text[1:-1], 0
        while at < len(inside):
            pair = inside[at : at + 2]
            if pair == "${":
                raise self._refused(token, "has ${…} in it, which needs Nix")
            if pair[0] == "\\":
                found += UNESCAPED.get(pair[1], pair[1])
            elif pair == "$$":  # together they are no beginning of ${…}
                found += pair
            else:
                found += pair[0]
                at -= 1
            at += 2
        return found

    def _refused(self, token: _Token, what: str) -> Refused:
        shown = token.text if len(token.text) <= 40 else f"{token.text[:37]}…"
        how = "Only plain values are read. Nix can make JSON of the rest: nix eval --json."
        return Refused(Problem((), f"Line {token.line}: {shown} {what}. {how}"))

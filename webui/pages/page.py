"""A page is a value and its template; the template gets one variable, `page`."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.responses import HTMLResponse, RedirectResponse

PREPARED = Path(__file__).parents[1] / "__pycache__/sheets"
"""Compiled templates, made by set-up; where there are none, or of another source, they are compiled
when they are first printed."""


class Prepared(FileSystemBytecodeCache):
    """Reads what set-up compiled, and writes nothing."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """The program's folder is nobody's to write."""


SHEETS = Environment(
    loader=PackageLoader("webui"),
    bytecode_cache=Prepared(str(PREPARED)),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
SHEETS.globals.clear()
"""Templates see their page and nothing else: no globals, no request."""


class Field(NamedTuple):
    """What a form shows again after it was refused: what was typed and what is wrong with it."""

    typed: str = ""
    problem: str = ""


EMPTY = Field()


class Fact(NamedTuple):
    """One name and value; `code` is set like code."""

    name: str
    value: str
    code: bool = False


def known_facts(*facts: Fact) -> tuple[Fact, ...]:
    """Those that have a value: what is unknown is left out."""
    return tuple(fact for fact in facts if fact.value)


STOP_ASKING = 286
"""The status by which htmx ends a fragment's own round: nothing will move any more."""


def page(
    template: str, view: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Print a view.  Pages are always asked for afresh: nothing of them is stored."""
    return HTMLResponse(
        SHEETS.get_template(template).render(page=view),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
    )


def after(path: str, act: str) -> RedirectResponse:
    """Go to the page at `path` after an act, which its toast tells about."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}done={act}", 303)


def own_path(text: str, otherwise: str = "/") -> str:
    """A path of this site, for going back; anything else becomes `otherwise`.

    >>> own_path("/machines?show=short"), own_path("//evil.example"), own_path("https://x")
    ('/machines?show=short', '/', '/')
    """
    plain = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if plain and text.isprintable() else otherwise

"""/files: a host from files, added or changed: other operating systems than NixOS."""

from collections.abc import Mapping
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from appliance.actions import files as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.model.builders import SYSTEMS
from appliance.model.files import (
    RECIPES,
    BootFile,
    FilesHost,
    digest_of,
    file_name,
    from_text,
    url_name,
)
from appliance.model.images import DTB
from webui import forms, phrases
from webui.pages import frame, source
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.sent import serve
from webui.sent.serve import Form
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
TITLES = (
    "Kernel, or EFI program",
    "First ramdisk",
    "Second ramdisk",
    "Third ramdisk",
    "Device tree",
)
ROWS = len(TITLES)
"""Files that the form has places for; the API takes more."""
TREE = ROWS - 1
"""The place of the device tree."""


class FileRow(NamedTuple):
    """One file of the form."""

    number: int
    title: str
    name: str  # of the one that is there, "" for none
    kept: str  # its SHA-256
    url: Field
    sha256: Field
    there: str  # what is known of it already, as a sentence


class FilesView(NamedTuple):
    """The page."""

    shell: Shell
    id: str  # of its source, "" for a new one
    heading: str
    name: Field
    systems: tuple[Choice, ...]
    recipe: str
    command_line: Field
    files: tuple[FileRow, ...]
    more: bool  # the further ramdisks, or the device tree, are in use
    problem: str
    frees: str  # what a removal frees, "" for nothing


@router.get("/files")
def show(here: Signed, host: str = "") -> Response:
    """The page; `host` is the id of a source that gets other files."""
    return page("files.html", built(here, host, typed(here, host), {}))


@router.post("/files")
async def keep(here: Signed, request: Request) -> Response:
    """Take what was sent, then add or change the host."""
    sent = await serve.form(request, lambda: deeds.sending(here.desk, here.actor))
    return await run_in_threadpool(_kept, here, sent)


def _kept(here: Here, sent: Form) -> Response:
    ident = sent.texts.get("id", "")
    texts, wrong = merged(sent)
    try:
        if wrong:
            return page("files.html", built(here, ident, texts, wrong), 422)
        done = deeds.put_files(here.desk, here.actor, host_of(texts), ident)
    except Unknown:
        raise
    except Refused as refused:
        told = by_row(texts, forms.beside(refused))
        return page("files.html", built(here, ident, texts, told), 422)
    return after(f"/sources/{done.subject}", done.act)


def merged(sent: Form) -> tuple[dict[str, str], dict[str, str]]:
    """The form's texts with the files that came with it, and what is wrong with those."""
    texts, wrong = dict(sent.texts), {}
    for n in range(ROWS):
        came = sent.files.get(f"file-{n}")
        if came is None:
            continue
        said, before = texts.get(f"sha256-{n}", "").strip(), texts.get(f"kept-{n}", "")
        if said and said != before and digest_of(said) != came.sha256:
            wrong[f"sha256-{n}"] = (
                f"{came.name} came with another SHA-256: {came.sha256}. Compare it with its "
                "publisher's, and send it again if it differs."
            )
            continue
        name = file_name(came.name)
        texts |= {f"name-{n}": name, f"sha256-{n}": came.sha256, f"url-{n}": ""}
        texts[f"kept-{n}"] = came.sha256
    return texts, wrong


def host_of(texts: Mapping[str, str]) -> FilesHost:
    """The host that the form says; places without anything in them are left out."""
    recipe = texts.get("recipe", "linux")
    return FilesHost(
        name=texts.get("name", "").strip(),
        system=texts.get("system", SYSTEMS[0]),
        recipe=recipe,
        command_line=texts.get("command_line", ""),
        files=tuple(_file(texts, n, recipe) for n in used(texts)),
    )


def used(texts: Mapping[str, str]) -> tuple[int, ...]:
    """The places of the form that something is in."""
    return tuple(
        n
        for n in range(ROWS)
        if texts.get(f"sha256-{n}", "").strip() or texts.get(f"url-{n}", "").strip()
    )


def by_row(texts: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, str]:
    """Problems of files by the fields of the form; the rest as they are."""
    places = used(texts)
    found: dict[str, str] = {}
    for where, what in wrong.items():
        words = where.split(".")
        if words[0] != "files":
            found[where] = what
        elif len(words) == 3:
            field = "url" if words[2] == "url" else "sha256"
            found[f"{field}-{places[int(words[1])]}"] = what
        else:
            found["sha256-0"] = what
    return found


def typed(here: Here, ident: str) -> dict[str, str]:
    """The form of the host as it is; an empty one without an id.  Raises Unknown."""
    if not ident:
        return {}
    row = source.one(here.reads.sources(), ident)
    if not row.files:
        raise Unknown(Problem((), "This source is a flake; its hosts come from it."))
    host = from_text(row.files)
    trees = [one for one in host.files if one.purpose == DTB]
    others = [one for one in host.files if one.purpose != DTB]
    if len(others) > TREE:
        what = "It has more files than this page has places. Use nixie host files, or the API."
        raise Refused(Problem((), what))
    first = RECIPES[host.recipe][0]
    texts = {
        "name": host.name,
        "system": host.system,
        "recipe": host.recipe,
        "command_line": host.command_line,
    }
    others.sort(key=lambda one: one.purpose != first)
    for n, one in (*enumerate(others), *((TREE, one) for one in trees)):
        texts |= {f"name-{n}": one.name, f"sha256-{n}": one.sha256, f"url-{n}": one.url}
        texts[f"kept-{n}"] = one.sha256
    return texts


def built(here: Here, ident: str, texts: Mapping[str, str], wrong: Mapping[str, str]) -> FilesView:
    """The view of this moment."""
    heading = f"Other files for {texts.get('name', '')}" if ident else "Add a host from files"
    system = texts.get("system", SYSTEMS[0])
    freed = deeds.frees(here.desk, ident) if ident else 0
    rows = tuple(_row(texts, wrong, n) for n in range(ROWS))
    return FilesView(
        shell=frame.shell(here, "sources", heading),
        id=ident,
        heading=heading,
        name=Field(texts.get("name", ""), wrong.get("name", "")),
        systems=tuple(Choice(one, phrases.processor(one), one == system) for one in SYSTEMS),
        recipe=texts.get("recipe", "linux"),
        command_line=Field(texts.get("command_line", ""), wrong.get("command_line", "")),
        files=rows,
        more=any(row.there or row.url.typed or row.sha256.typed for row in rows[2:]),
        problem=" ".join(wrong[one] for one in ("", "system", "recipe") if one in wrong),
        frees=phrases.size(freed) if freed else "",
    )


def _file(texts: Mapping[str, str], number: int, recipe: str) -> BootFile:
    url = texts.get(f"url-{number}", "").strip()
    purposes = RECIPES.get(recipe, ("kernel",))
    return BootFile(
        purpose={0: purposes[0], TREE: DTB}.get(number, "initrd"),
        name=url_name(url) if url else texts.get(f"name-{number}", "") or "file",
        sha256=texts.get(f"sha256-{number}", "").strip(),
        url=url,
    )


def _row(texts: Mapping[str, str], wrong: Mapping[str, str], number: int) -> FileRow:
    name, kept = texts.get(f"name-{number}", ""), texts.get(f"kept-{number}", "")
    sha256 = texts.get(f"sha256-{number}", "")
    return FileRow(
        number=number,
        title=TITLES[number],
        name=name,
        kept=kept,
        url=Field(texts.get(f"url-{number}", ""), wrong.get(f"url-{number}", "")),
        sha256=Field(sha256, wrong.get(f"sha256-{number}", "")),
        there=f"{name} is here. Another file takes its place." if name and kept == sha256 else "",
    )

"""/files: hosts from files with checksums, and the files themselves."""

from typing import Annotated

from fastapi import Request
from pydantic import Field

from appliance.actions import files
from appliance.actions.refusals import Unknown, problem
from appliance.model.files import BootFile, FilesHost, from_text
from appliance.model.kernels import seen
from appliance.store.inventory_view import SourceView
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, ShortText, SourceWord, Text, body, done, one_of
from webui.sent import serve
from webui.session import Here, Signed

router = routes_of("files")

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Sha256 = Annotated[str, Field(max_length=200, examples=[DIGEST])]
KERNEL = {"purpose": "kernel", "name": "vmlinuz", "sha256": DIGEST}


@shape
class ApiSent:
    """A file that the router has now; `form` and `system` are what its first bytes say."""

    sha256: Sha256
    size: Annotated[int, Field(description="bytes")]
    form: Annotated[str, one_of("file form", examples=["linux"])]
    system: Annotated[str, Field(examples=["x86_64-linux"], description="empty: it does not say")]


@shape
class ApiFile:
    """One file of a host; without `url` it is sent to the router, by `POST /files`."""

    purpose: Annotated[str, one_of("part", max_length=20, examples=["kernel"])]
    name: Annotated[ShortText, Field(examples=["vmlinuz"])]
    sha256: Sha256
    url: Annotated[Text, Field(examples=["https://example.org/vmlinuz"])] = ""


@shape
class ApiFilesHost:
    """A host from files; the generations of it are in `GET /images`."""

    __pydantic_config__ = body(command_line="console=tty0", files=[KERNEL])
    files: Annotated[list[ApiFile], Field(max_length=20)]
    system: Annotated[str, one_of("system", max_length=40)] = "x86_64-linux"
    recipe: Annotated[str, one_of("recipe", max_length=20)] = "linux"
    command_line: Text = ""


@router.post("/files", status_code=201)
async def send_file(here: Signed, request: Request) -> ApiSent:
    """Send one file: the body is the file itself (application/octet-stream), of less than 4 GiB.

    It waits a day for a host that names it.
    """
    sent = await serve.body(request, lambda: files.sending(here.desk, here.actor))
    found = seen(sent.head)
    return ApiSent(sent.sha256, sent.size, found.form, found.system)


@router.get("/files/{source}")
def files_host(here: Signed, source: SourceWord) -> ApiFilesHost:
    """The files of a host, by the id or name of its source."""
    host = from_text(_source(here, source).files)
    return ApiFilesHost(
        [ApiFile(one.purpose, one.name, one.sha256, one.url) for one in host.files],
        host.system,
        host.recipe,
        host.command_line,
    )


@router.put("/files/{source}")
def put_files_host(here: Signed, source: SourceWord, host: ApiFilesHost) -> ApiDone:
    """Add a host of that name, or give one other files: its next generation.

    `DELETE /sources/{source}` takes it away.
    """
    known = next((one for one in here.reads.sources() if source in (one.id, one.name)), None)
    name = from_text(known.files).name if known and known.files else source
    told = tuple(BootFile(one.purpose, one.name, one.sha256, one.url.strip()) for one in host.files)
    made = FilesHost(name, host.system, host.recipe, host.command_line, told)
    return done(files.put_files(here.desk, here.actor, made, known.id if known else ""))


def _source(here: Here, source: str) -> SourceView:
    for view in here.reads.sources():
        if view.files and source in (view.id, view.name):
            return view
    raise Unknown(problem("There is no such host from files. GET /sources lists what there is."))

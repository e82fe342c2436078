"""The application: the guard, the API and the pages, listed by hand.

A refusal is a value until it gets here: the API says it as problems, pages as a page.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp

from appliance.actions import changes as network_changes
from appliance.actions.desk import Desk
from appliance.errors import Problem, Refused, Unreachable
from appliance.model.installed import Installed
from webui import refused as refusal
from webui.api import (
    acts,
    boots,
    builders,
    builds,
    caches,
    changes,
    devices,
    draft,
    drops,
    files,
    hosts,
    images,
    journal,
    machines,
    menus,
    names,
    networks,
    notices,
    public_names,
    pushes,
    sources,
    status,
    tokens,
)
from webui.api import cache as cache_api
from webui.api import internet as internet_api
from webui.api import outside as outside_api
from webui.api import storage as storage_api
from webui.api import traces as traces_api
from webui.api.description import described
from webui.api.routes import API, body_words, routes_of
from webui.api.wording import problems
from webui.courtesy import Courtesy
from webui.guard import Guard
from webui.hooks import hooks
from webui.live import Bells, stream
from webui.once.serve import Once
from webui.pages import (
    addresses,
    asked,
    blocking,
    boot,
    build,
    cache,
    claim,
    compare,
    device,
    firewall,
    forward,
    frame,
    generations,
    image,
    intake,
    internet,
    keep,
    login,
    machine,
    name_servers,
    network,
    online,
    outside,
    overview,
    password,
    review,
    revision,
    revisions,
    router,
    routes,
    rule,
    source,
    source_settings,
    storage,
    system,
    time,
    traffic,
    trial,
    undo,
    why,
    zone,
)
from webui.pages import builders as builders_page
from webui.pages import builds as builds_page
from webui.pages import caches as caches_page
from webui.pages import changes as changes_page
from webui.pages import devices as devices_page
from webui.pages import files as files_page
from webui.pages import machines as machines_page
from webui.pages import menus as menus_page
from webui.pages import names as names_page
from webui.pages import networks as networks_page
from webui.pages import notices as notices_page
from webui.pages import own_names as own_names_page
from webui.pages import public_names as public_names_page
from webui.pages import sources as sources_page
from webui.pages.trouble import trouble
from webui.session import Here, NotSignedIn, Room, Signed, anybody

NOUNS = (
    sources,
    files,
    hosts,
    pushes,
    images,
    builds,
    cache_api,
    caches,
    storage_api,
    builders,
    machines,
    menus,
    boots,
    networks,
    names,
    internet_api,
    outside_api,
    drops,
    traces_api,
    draft,
    devices,
    notices,
    public_names,
    changes,
    acts,
    journal,
    tokens,
    status,
)
PAGES = (
    login,
    claim,
    frame,
    trial,
    keep,
    undo,
    password,
    overview,
    sources_page,
    files_page,
    source_settings,
    source,
    builds_page,
    builders_page,
    caches_page,
    build,
    generations,
    compare,
    cache,
    storage,
    image,
    machines_page,
    machine,
    menus_page,
    boot,
    devices_page,
    device,
    traffic,
    networks_page,
    routes,
    network,
    addresses,
    internet,
    names_page,
    name_servers,
    own_names_page,
    blocking,
    asked,
    router,
    firewall,
    rule,
    forward,
    why,
    zone,
    time,
    outside,
    online,
    public_names_page,
    system,
    notices_page,
    review,
    intake,
    revisions,
    revision,
    changes_page,
)
COMPRESSED_FROM = 1024  # bytes
COMPRESSION = 5  # zlib's level: a tenth of a page's size, for a millisecond a hundred kilobytes


HTTP: Mapping[int, str] = {
    400: "The body of this request cannot be read. Send one JSON object.",
    404: "There is nothing here.{index}",
    405: "{method} is not taken here: there is {allow}.",
}
"""What we say for what the framework refuses."""


def application(desk: Desk, installed: Installed) -> ASGIApp:
    """The whole admin as one ASGI application; the caller closes the desk."""
    pages = GZipMiddleware(Once(admin_app(desk, installed)), COMPRESSED_FROM, COMPRESSION)
    return Courtesy(Guard(pages, lambda: own_names(desk)))


def admin_app(desk: Desk, installed: Installed) -> FastAPI:
    """The admin behind the guard."""
    app = FastAPI(
        title="Nixie Router",
        version="1",
        description="Everything the admin's pages can do.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.room = Room(desk, installed)
    app.state.bells = Bells(desk.reads.state)
    for routed in (*NOUNS, *PAGES):
        app.router.routes += routed.router.routes  # include_router would keep each of them twice
    app.router.routes += [*_description(app).routes, *_live().routes, hooks(desk)]
    static = Path(__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static))
    app.mount("/browser", StaticFiles(directory=installed.browser, check_dir=False))
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, answer)
    return app


def own_names(desk: Desk) -> set[str]:
    """Names under which this router is asked, beside its addresses."""
    slices = desk.reads.slices()
    named = [(one.hostname, one.domain) for one in network_changes.configs_at_work(desk)]
    if slices is not None:
        named.append((slices.dns.hostname, slices.dns.domain))
    return {name for one in named for name in names_of(*one)}


def names_of(hostname: str, domain: str) -> set[str]:
    """Every name of a router that is called so.

    >>> sorted(names_of("Nixie", "lan"))
    ['nixie', 'nixie.lan', 'nixie.local']
    """
    name = hostname.lower()
    return {name, f"{name}.{domain.lower()}", f"{name}.local"}


def _description(app: FastAPI) -> APIRouter:
    """What the API is, for programs."""
    api, raw, kept = routes_of("status"), app.openapi, list[bytes]()
    app.openapi = lambda: described(raw())  # type: ignore[method-assign]

    @api.get("/openapi.json", include_in_schema=False)
    def description(here: Signed) -> Response:
        """Made at the first question, then kept as it is sent: its parts take ten times as much."""
        del here
        if not kept:
            kept.append(json.dumps(app.openapi()).encode())
            app.openapi_schema = None
        return Response(kept[0], media_type="application/json")

    return api


def _live() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/live")
    async def live(request: Request, here: Signed) -> StreamingResponse:
        """The browser's one event stream."""
        del here
        return stream(request)

    return router


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _trouble(request, refusal.status(error), error.problems, refusal.headers(error))


def _unreachable(request: Request, error: Exception) -> Response:
    return _trouble(request, 503, (Problem((), str(error)),), {"Retry-After": "5"})


def _disk(request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationalError)
    what = f"The router's own files cannot be written: {error.orig}. Nothing was changed."
    if "full" in str(error.orig):
        what = "The router's disk is full. Make room on it, then try again; nothing was lost."
    return _trouble(request, 503, (Problem((), what),), {"Retry-After": "5"})


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405 and request.method == "GET" and not _for_programs(request):
        # The address of a form: its page is above it.
        return RedirectResponse(request.url.path.rpartition("/")[0] or "/", 303)
    headers = dict(error.headers or {})
    sentence = HTTP.get(error.status_code, str(error.detail))
    index = f" GET {API}/openapi.json lists what there is."
    facts = {
        "method": request.method,
        "allow": headers.get("Allow", "another method"),
        "index": index if _for_programs(request) else "",
    }
    told = (Problem((), sentence.format(**facts)),)
    return _trouble(request, error.status_code, told, headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _trouble(request, 422, problems(error.errors(), body_words(request)), {})


def _broken(request: Request, _error: Exception) -> Response:
    what = "Nixie made a mistake here. It is in the log of the web role; nothing was lost."
    return _trouble(request, 500, (Problem((), what),), {})


def _trouble(
    request: Request, code: int, problems: Iterable[Problem], headers: dict[str, str]
) -> Response:
    problems = tuple(problems)
    if _for_programs(request):
        told = [{"where": list(one.where), "what": one.what} for one in problems]
        return JSONResponse({"problems": told}, code, headers)
    answer = trouble(_here(request), code, problems)
    answer.headers.update(headers)
    return answer


def _not_signed_in(request: Request, _error: Exception) -> Response:
    here = anybody(request)
    if _for_programs(request):
        what = "Sign in, or send a token: Authorization: Bearer nixie_…"
        told = {"problems": [{"where": [], "what": what}]}
        return JSONResponse(told, 401, {"WWW-Authenticate": "Bearer"})
    path = "/login" if here.claimed else "/claim"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": path})
    if here.claimed and request.method == "GET" and request.url.path not in ("/", "/live"):
        path += f"?next={_quoted(request)}"
    return RedirectResponse(path, 303)


ANSWERS: Mapping[type[Exception], Callable[[Request, Exception], Response]] = {
    Refused: _refused,
    Unreachable: _unreachable,
    OperationalError: _disk,
    HTTPException: _http,
    RequestValidationError: _invalid,
    NotSignedIn: _not_signed_in,
    Exception: _broken,
}
"""One answer per way of failing."""


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith(f"{API}/")


def _here(request: Request) -> Here | None:
    """The request as pages know it; None when even its session cannot be read."""
    try:
        return anybody(request)
    except (Unreachable, OperationalError):
        return None


def _quoted(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(f"{request.url.path}{query}", safe="/")

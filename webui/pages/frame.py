"""What is around every page: the way to the others, what runs now, and the toast."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from appliance.actions.acts import told
from appliance.store.boots import BootRow
from appliance.store.builds import BuildRow
from appliance.store.inventory import ActRow
from webui import lanes, phrases
from webui.pages.inbox import unmet
from webui.pages.page import own_path, page
from webui.session import Anybody, Here, Signed

router = APIRouter(include_in_schema=False)
THEMES = ("light", "dark")
_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class Item:
    """One way in the navigation; `key` is its icon too."""

    key: str
    href: str
    label: str
    count: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """Something that runs this second, in the top line."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Toast:
    """What was just done; `act` is empty when it cannot be undone."""

    text: str
    act: str


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of one page."""

    title: str
    at: str  # key of the page's navigation item
    router: str  # "nixie.lan"
    user: str
    theme: str  # "" follows the system
    first: Item
    boot: tuple[Item, ...]
    running: tuple[Running, ...]
    back: str  # this page, for forms that come back to it
    toast: Toast | None = None

    @property
    def ways(self) -> tuple[Item, ...]:
        """Every page, for the thumb."""
        return (self.first, *self.boot)


@dataclass(frozen=True, slots=True)
class FrameView:
    """The moving parts of the frame, alone."""

    shell: Shell


def shell(here: Here, at: str, title: str, toast: Toast | None = None) -> Shell:
    """The frame for the page `at`, as the roles' files say now."""
    reads = here.reads
    builds = [build for build in reads.builds(limit=30) if build.state in {"queued", "running"}]
    boots = [boot for boot in reads.boots(limit=30) if boot.state in lanes.RUNNING]
    slices = reads.slices()
    machines = reads.machines()
    waiting = unmet(reads.held(here.now), machines)
    first, boot = navigation(at, len(waiting), len(builds))
    names = {mac: machine.name for machine in machines for _, mac in machine.macs}
    return Shell(
        title=title,
        at=at,
        router=f"{slices.dns.hostname}.{slices.dns.domain}" if slices else "Router",
        user=here.actor.name,
        theme=_theme(here),
        first=first,
        boot=boot,
        running=running(builds, boots, names),
        back=_back(here),
        toast=toast or _toast(here),
    )


def navigation(at: str, waiting: int, builds: int) -> tuple[Item, tuple[Item, ...]]:
    """The pages that exist, with what is new on them."""

    def item(key: str, href: str, label: str, count: str = "") -> Item:
        return Item(key, href, label, count, key == at)

    return item("overview", "/", "Overview"), (
        item("machines", "/machines", "Machines", f"{waiting} new" if waiting else ""),
        item("sources", "/sources", "Sources"),
        item("builds", "/builds", "Builds", str(builds) if builds else ""),
    )


def running(
    builds: Sequence[BuildRow], boots: Sequence[BootRow], names: dict[str, str]
) -> tuple[Running, ...]:
    """What runs now, two things at most; `names` by MAC.

    >>> running([], [], {})
    ()
    """
    found = [
        Running(f"/builds/{build.id}", f"Building {build.name}")
        for build in builds
        if build.state == "running"
    ]
    found += [
        Running(f"/boots/{boot.id}", f"{names.get(boot.mac, boot.mac)} is booting")
        for boot in boots
    ]
    if len(found) <= 2:
        return tuple(found)
    return (found[0], Running("/", f"and {phrases.word(len(found) - 1)} more"))


def toast_of(act: ActRow | None) -> Toast | None:
    """What an act did, and whether there is a way back."""
    if act is None:
        return None
    undoable = act.undoable and act.undone_at is None
    return Toast(act.what, act.id if undoable else "")


@router.get("/frame/nav")
def nav(here: Signed, at: str = "") -> Response:
    """The navigation, with its counts."""
    return page("frame/nav.html", FrameView(shell(here, at, "")))


@router.get("/frame/now")
def now(here: Signed) -> Response:
    """What runs."""
    return page("frame/now.html", FrameView(shell(here, "", "")))


@router.post("/theme")
def theme(
    here: Anybody, choice: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/"
) -> Response:
    """Light, dark, or as the system says."""
    done = RedirectResponse(own_path(back), 303)
    if choice in THEMES:
        done.set_cookie(
            "theme", choice, _YEAR_SECONDS, httponly=True, samesite="strict", secure=here.secure
        )
    else:
        done.delete_cookie("theme", httponly=True, samesite="strict", secure=here.secure)
    return done


def _theme(here: Here) -> str:
    chosen = here.request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def _back(here: Here) -> str:
    kept = [(name, value) for name, value in here.request.query_params.items() if name != "done"]
    path = here.request.url.path
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in kept)}" if kept else path


def _toast(here: Here) -> Toast | None:
    act = here.request.query_params.get("done", "")
    return toast_of(told(here.desk, act)) if act else None

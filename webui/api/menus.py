"""/menus: named lists of hosts."""

from dataclasses import field
from typing import Annotated

from pydantic import Field

from appliance.actions import menus
from appliance.actions.refusals import Unknown, problem
from appliance.store.inventory_view import MenuView
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import GONE, ApiDone, HostId, ShortText, Word, body, done
from webui.session import Signed

router = routes_of("menus")

Name = Annotated[str, Field(max_length=200, examples=["workshop"])]
Hosts = Annotated[
    list[Annotated[str, Field(max_length=400)]],
    Field(max_length=100, examples=[["ember", "quench"]], description="ids or names, in order"),
]
Timeout = Annotated[int, Field(examples=[10], description="seconds; 0 waits for ever")]


@shape
class ApiMenu:
    """A menu; `rollbacks` is how many previous images each host shows."""

    id: str
    name: Name
    hosts: list[HostId]
    default: HostId | None
    timeout_seconds: Timeout
    rollbacks: int


@shape
class NewMenu:
    """What `POST /menus` takes."""

    __pydantic_config__ = body(name="workshop", hosts=["ember", "quench"], default="ember")
    name: Name
    hosts: Hosts = field(default_factory=list)
    default: ShortText = ""
    timeout_seconds: Timeout = 10
    rollbacks: int = 0


@shape
class MenuEdit:
    """What `PATCH /menus/{menu}` takes; `default` "" takes the default away."""

    __pydantic_config__ = body(timeout_seconds=30, default="")
    name: Name | None = None
    hosts: Hosts | None = None
    default: ShortText | None = None
    timeout_seconds: Timeout | None = None
    rollbacks: int | None = None


@router.get("/menus")
def every_menu(here: Signed) -> list[ApiMenu]:
    """Every menu."""
    return [_shown(view) for view in here.reads.menus()]


@router.get("/menus/{menu}")
def one_menu(here: Signed, menu: Word) -> ApiMenu:
    """One menu, by id or name."""
    for view in here.reads.menus():
        if menu in (view.id, view.name):
            return _shown(view)
    raise Unknown(problem("There is no such menu, or it was removed. GET /menus lists them."))


@router.post("/menus", status_code=201, responses=GONE)
def make_menu(here: Signed, new: NewMenu) -> ApiDone:
    """Make a menu."""
    return done(
        menus.make_menu(
            here.desk,
            here.actor,
            new.name,
            new.hosts,
            default=new.default,
            timeout_seconds=new.timeout_seconds,
            rollbacks=new.rollbacks,
        )
    )


@router.patch("/menus/{menu}")
def edit_menu(here: Signed, menu: Word, edit: MenuEdit) -> ApiDone:
    """Change a menu; what is left out stays."""
    return done(
        menus.edit_menu(
            here.desk,
            here.actor,
            menu,
            name=edit.name,
            hosts=edit.hosts,
            default=edit.default,
            timeout_seconds=edit.timeout_seconds,
            rollbacks=edit.rollbacks,
        )
    )


@router.delete("/menus/{menu}")
def remove_menu(here: Signed, menu: Word) -> ApiDone:
    """Take a menu away, unless something still shows it."""
    return done(menus.remove_menu(here.desk, here.actor, menu))


def _shown(view: MenuView) -> ApiMenu:
    return ApiMenu(
        view.id, view.name, list(view.hosts), view.default, view.timeout_seconds, view.rollbacks
    )

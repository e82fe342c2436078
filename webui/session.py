"""Who asks: the cookie or token of a request, and what its route gets in hand.

The cookie is a random id (HttpOnly, SameSite=Strict; over https also Secure and `__Host-`); the
session is a row.  What a browser fetches by itself does not keep a session young.
"""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.responses import Response

from appliance.actions import access
from appliance.actions.access import SignedIn
from appliance.actions.desk import Actor, Desk, permit
from appliance.model.installed import Installed
from appliance.store.people import LONGEST_SECONDS
from appliance.store.reads import Reads
from webui.guard import COOKIES, SAFE

BY_METHOD = "signed"
"""What `signed_in` needs is read for GET, write for the others."""


class NotSignedIn(Exception):
    """Nobody known asks for something that is not for everybody."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the application holds for all requests."""

    desk: Desk
    installed: Installed


@dataclass(frozen=True, slots=True)
class Here:
    """One request: who, where, when, and everything it may reach."""

    request: Request
    room: Room
    visitor: Actor | None
    now: float

    @property
    def actor(self) -> Actor:
        """Who asks.  Raises NotSignedIn when nobody known does."""
        if self.visitor is None:
            raise NotSignedIn
        return self.visitor

    @property
    def desk(self) -> Desk:
        """First argument of every action."""
        return self.room.desk

    @property
    def reads(self) -> Reads:
        """Every role's file, to look at."""
        return self.room.desk.reads

    @property
    def installed(self) -> Installed:
        """Where set-up put things."""
        return self.room.installed

    @property
    def secure(self) -> bool:
        """Whether the request came over https."""
        return self.request.url.scheme == "https"

    @property
    def address(self) -> str:
        """Where the request came from."""
        return address_of(self.request)

    @property
    def claimed(self) -> bool:
        """Whether this router has an owner."""
        return access.is_claimed(self.desk)


def anybody(request: Request) -> Here:
    """A request of anybody, signed in or not."""
    room: Room = request.app.state.room
    visitor = _visitor(request, room.desk)
    if visitor is not None:
        visitor = replace(visitor, reached=reached_of(request))
    return Here(request, room, visitor, room.desk.now())


BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token, or the admin's session."
)
"""For the description only: `anybody` has read the header already."""


def known(
    request: Request,
    _: Annotated[object, Security(BEARER, scopes=["read"])],
) -> Here:
    """A request of somebody who may look, for what concerns only themselves.

    Raises NotSignedIn, or Forbidden.
    """
    here = anybody(request)
    permit(here.desk, here.actor, "read", "look")
    return here


def owning(
    request: Request,
    _: Annotated[object, Security(BEARER, scopes=["admin"])],
) -> Here:
    """A request of somebody who may do what only owners may.  Raises NotSignedIn, or Forbidden."""
    here = anybody(request)
    permit(here.desk, here.actor, "admin", "own")
    return here


def signed_in(
    request: Request,
    _: Annotated[object, Security(BEARER, scopes=[BY_METHOD])],
) -> Here:
    """A request of somebody who may look, or change when it is no GET.

    Raises NotSignedIn, or Forbidden.  Acts ask again for what they themselves need.
    """
    here, safe = anybody(request), request.method in SAFE
    permit(here.desk, here.actor, "read" if safe else "write", "look" if safe else "change")
    return here


Anybody = Annotated[Here, Depends(anybody)]
Owning = Annotated[Here, Depends(owning)]
Known = Annotated[Here, Depends(known)]
Signed = Annotated[Here, Depends(signed_in)]


def keep(response: Response, here: Here, new: SignedIn) -> None:
    """Set the cookie of a new session."""
    response.set_cookie(
        _cookie_name(here.secure),
        new.cookie,
        max_age=int(LONGEST_SECONDS),
        path="/",
        secure=here.secure,
        httponly=True,
        samesite="strict",
    )


def forget(response: Response, here: Here) -> None:
    """Drop the cookie; the row is `access.logout`'s."""
    response.delete_cookie(
        _cookie_name(here.secure), path="/", secure=here.secure, httponly=True, samesite="strict"
    )


def address_of(request: Request) -> str:
    """The client's address as the socket knows it."""
    return request.client.host if request.client else ""


def reached_of(request: Request) -> str:
    """The router's address that the request came to, as the socket knows it."""
    server = request.scope.get("server")
    return str(server[0]) if server else ""


def _visitor(request: Request, desk: Desk) -> Actor | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return access.by_token(desk, secret.strip(), address_of(request))
    cookie = request.cookies.get(_cookie_name(request.url.scheme == "https"))
    if not cookie:
        return None
    return access.by_cookie(desk, cookie, address_of(request), awake=_awake(request))


def _awake(request: Request) -> bool:
    """Whether a person did this, not a page that refreshes itself."""
    mode = request.headers.get("sec-fetch-mode", "navigate")
    return request.method != "GET" or mode == "navigate"


def _cookie_name(secure: bool) -> str:
    return COOKIES[0] if secure else COOKIES[1]

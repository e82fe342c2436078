"""/me, /tokens and /claim: who asks, keys for programs, and the first owner."""

from typing import Annotated

from pydantic import Field

from appliance.actions import access
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import OFTEN, ApiDone, Seconds, ShortText, Word, body, done, one_of
from webui.session import Anybody, Known, Owning

router = routes_of("access")

Scope = Annotated[str, one_of("scope", max_length=20)]


@shape
class ApiToken:
    """A token without its secret."""

    id: str
    name: Annotated[str, Field(examples=["monitoring"])]
    scope: Scope
    made_by: str
    created_at: Seconds
    ends_at: Seconds | None
    used_at: Seconds | None


@shape
class NewToken:
    """What `POST /tokens` takes; `days` null: until it is revoked."""

    __pydantic_config__ = body(name="monitoring", scope="read", days=90)
    name: Annotated[str, Field(max_length=200, examples=["monitoring"])]
    scope: Scope = "read"
    days: Annotated[int | None, Field(examples=[90])] = None


@shape
class ApiMadeToken:
    """A new token; `secret` is shown this once."""

    id: str
    secret: Annotated[str, Field(examples=["nixie_…"])]
    what: str


@shape
class NewOwner:
    """The code the router shows, and the password its owner chooses."""

    __pydantic_config__ = body(code="K7WD-29QF", password="four words in a row", name="lena")
    code: Annotated[str, Field(max_length=40, examples=["K7WD-29QF"])]
    password: Annotated[str, Field(max_length=1024)]
    name: ShortText = "owner"


@shape
class NewPassword:
    """The password so far, and the next one; a token says whose with `name`."""

    __pydantic_config__ = body(old="four words in a row", new="quite another phrase", name="lena")
    old: Annotated[str, Field(max_length=1024, examples=["four words in a row"])]
    new: Annotated[str, Field(max_length=1024, examples=["quite another phrase"])]
    name: ShortText = ""


@shape
class ApiCaller:
    """Who asks."""

    name: str
    scopes: list[Scope]
    how: Annotated[str, one_of("how", examples=["token"])]


@router.get("/me")
def caller(here: Known) -> ApiCaller:
    """Who this token or session belongs to."""
    return ApiCaller(here.actor.name, sorted(here.actor.scopes), here.actor.how)


@router.put("/me/password", responses=OFTEN)
def change_password(here: Known, new: NewPassword) -> ApiDone:
    """Change a password; that user's other sessions end, tokens stay."""
    return done(access.change_password(here.desk, here.actor, new.old, new.new, name=new.name))


@router.get("/tokens")
def tokens(here: Owning) -> list[ApiToken]:
    """Tokens that open something."""
    return [
        ApiToken(
            row.id,
            row.name,
            row.scope,
            row.made_by,
            row.created_at,
            row.ends_at,
            row.used_at,
        )
        for row in access.tokens(here.desk, here.actor)
    ]


@router.post("/tokens", status_code=201)
def make_token(here: Owning, new: NewToken) -> ApiMadeToken:
    """Make a token."""
    made = access.make_token(here.desk, here.actor, new.name, new.scope, days=new.days)
    return ApiMadeToken(made.id, made.secret, made.done.what)


@router.delete("/tokens/{token}")
def revoke_token(here: Owning, token: Word) -> ApiDone:
    """End a token."""
    return done(access.revoke_token(here.desk, here.actor, token))


@router.post("/claim", status_code=201, responses=OFTEN)
def claim(here: Anybody, new: NewOwner) -> ApiDone:
    """Make the first owner of a new router; once, with the code it shows."""
    signed_in = access.claim(here.desk, new.code, new.password, name=new.name, address=here.address)
    access.logout(here.desk, signed_in.actor)
    return ApiDone("", "", f"{signed_in.actor.name} owns this router now.", undoable=False)

"""/hooks/<source>: where a forge tells of a push.  No session and no token: the secret signs it."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from appliance.actions.desk import Desk
from appliance.actions.webhooks import deliver
from appliance.model.webhooks import STATUS, Heard, Pace
from webui.session import address_of

NOWHERE = "There is no webhook here. Its address stands in the settings of the source."


def hooks(desk: Desk) -> Route:
    """The one route of all sources."""
    pace = Pace()

    async def hook(request: Request) -> JSONResponse:
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        source, address = request.path_params["source"], address_of(request)
        found = await run_in_threadpool(deliver, desk, pace, source, headers, body, address)
        return _answer(found)

    return Route("/hooks/{source}", hook, methods=["POST"], include_in_schema=False)


def _answer(found: Heard | None) -> JSONResponse:
    if found is None:
        return JSONResponse({"what": NOWHERE}, 404)
    return JSONResponse({"outcome": found.outcome, "what": found.what}, STATUS[found.outcome])

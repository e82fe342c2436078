"""The door that lets a form in once.

Every drawing of a page gives its forms a random word, `once`.  Who presses a button twice on a slow
line sends the same bytes twice; the second gets the answer of the first, which says what was done,
instead of a refusal because it is done.  The same form from a fresh page has another word.

Pure ASGI.  Answers are kept in memory for a minute, for the same cookie from the same address.
"""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_SECONDS = 60.0
KEPT = 128  # answers
FORM = b"application/x-www-form-urlencoded"
WORD = b"once="


@dataclass(slots=True)
class _Answer:
    """What the first one got; empty messages when it was refused and may be tried again."""

    at: float
    messages: list[Message] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class Once:
    """Wraps the application; a refused form is not remembered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no form of ours; else answer it, or repeat the answer."""
        if not _is_form(scope):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        replayed = _replayed(body, receive)
        if body is None or WORD not in body:
            await self._app(scope, replayed, send)
            return
        now = asyncio.get_running_loop().time()
        self._forget(now)
        key = _key(scope, body)
        before = self._answers.get(key)
        if before is not None:
            await before.ready.wait()
            for message in before.messages:
                await send(message)
            if before.messages:
                return
        await self._first(key, _Answer(now), scope, replayed, send)

    async def _first(
        self, key: bytes, answer: _Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._answers[key] = answer
        told: list[Message] = []

        async def noted(message: Message) -> None:
            told.append(message)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            if told and int(told[0].get("status", 500)) < 400 and not told[-1].get("more_body"):
                answer.messages = told
            else:
                self._answers.pop(key, None)
            answer.ready.set()

    def _forget(self, now: float) -> None:
        """Drop what is old; what is still being answered stays."""
        for key, answer in list(self._answers.items()):
            old = now - answer.at > KEPT_SECONDS or len(self._answers) > KEPT
            if not old or not answer.ready.is_set():
                break
            del self._answers[key]


def _is_form(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    headers = dict(scope["headers"])
    return headers.get(b"content-type", b"").startswith(FORM) and b"content-length" in headers


def _key(scope: Scope, body: bytes) -> bytes:
    cookie = dict(scope["headers"]).get(b"cookie", b"")
    client = str((scope.get("client") or ("",))[0]).encode()
    parts = (client, cookie, scope["path"].encode(), scope["query_string"], body)
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).digest()


async def _whole(receive: Receive) -> bytes | None:
    """The body; None when the client left before it was there."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replayed(body: bytes | None, receive: Receive) -> Receive:
    """The body once more, then whatever comes."""
    first: list[Message] = [{"type": "http.disconnect"}]
    if body is not None:
        first = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again

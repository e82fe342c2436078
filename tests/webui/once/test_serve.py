import asyncio
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webui.once.serve import Once

FORM = b"once=word&name=anvil"


class Counting:
    """An application that says how often it was asked; `status` is what it answers."""

    def __init__(self, status: int = 303, slow: float = 0.0) -> None:
        self.status, self.slow = status, slow
        self.bodies: list[bytes] = []

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append((await receive())["body"])
        await asyncio.sleep(self.slow)
        told = str(len(self.bodies)).encode()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": told})


async def asked(
    app: ASGIApp, body: bytes = FORM, cookie: bytes = b"a", kind: bytes = b"", path: str = "/x"
) -> bytes:
    """The body of the answer."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "client": ("10.0.0.9", 1),
        "headers": [
            (b"content-type", kind or b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
            (b"cookie", cookie),
        ],
    }
    pieces = [body[:5], body[5:]]
    got: list[Message] = []

    async def receive() -> Message:
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        got.append(message)

    await app(scope, receive, send)
    return b"".join(message.get("body", b"") for message in got)


def answers(app: Counting, *forms: dict[str, Any]) -> list[bytes]:
    async def all_of_them() -> list[bytes]:
        once = Once(app)
        return [await asked(once, **form) for form in forms]

    return asyncio.run(all_of_them())


def test_the_same_form_is_carried_out_once() -> None:
    app = Counting()
    assert answers(app, {}, {}) == [b"1", b"1"]
    assert app.bodies == [FORM]


def test_the_same_form_of_a_fresh_page_is_another() -> None:
    again = b"once=other&name=anvil"
    assert answers(Counting(), {}, {"body": again}) == [b"1", b"2"]


def test_a_form_without_a_word_is_always_carried_out() -> None:
    plain = b"name=anvil"
    assert answers(Counting(), {"body": plain}, {"body": plain}) == [b"1", b"2"]


def test_nobody_else_is_told_the_answer() -> None:
    assert answers(Counting(), {"cookie": b"a"}, {"cookie": b"b"}) == [b"1", b"2"]


def test_another_path_is_another_form() -> None:
    assert answers(Counting(), {}, {"path": "/y"}) == [b"1", b"2"]


@pytest.mark.parametrize("status", [422, 403, 500])
def test_a_refused_form_may_be_tried_again(status: int) -> None:
    assert answers(Counting(status), {}, {}) == [b"1", b"2"]


def test_what_a_program_sends_is_not_looked_at() -> None:
    json = b'{"once=": 1}'
    form = {"body": json, "kind": b"application/json"}
    app = Counting()
    answers(app, form)
    assert app.bodies == [json[:5]]  # the first piece, as it came


def test_the_second_waits_for_the_answer_of_the_first() -> None:
    async def both() -> list[bytes]:
        once = Once(Counting(slow=0.05))
        return list(await asyncio.gather(asked(once), asked(once)))

    assert asyncio.run(both()) == [b"1", b"1"]

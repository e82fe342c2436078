"""Netlink itself, in this kernel."""

import asyncio
import socket

import pytest

from appliance.errors import Unreachable
from services.devices.wire import NEWLINK, link, links_asked
from services.netlink.driver import ROUTE, dump, heard
from services.netlink.wire import ACK, REQUEST, asked

UNKNOWN = 9_998


def test_a_dump_is_whole() -> None:
    found = [link(body) for body in dump(ROUTE, links_asked(), NEWLINK, "says nothing")]
    assert {one.name for one in found if one} >= {name for _, name in socket.if_nameindex()}


def test_other_kinds_are_left_out() -> None:
    assert list(dump(ROUTE, links_asked(), UNKNOWN, "says nothing")) == []


def test_a_refusal_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="The kernel says nothing: "):
        list(dump(ROUTE, asked(UNKNOWN, b""), NEWLINK, "says nothing"))


def test_a_request_that_is_refused_is_unreachable() -> None:
    heard_of: list[int] = []

    async def listen() -> None:
        request = asked(UNKNOWN, b"", REQUEST | ACK)
        with heard(
            ROUTE, lambda kind, _: heard_of.append(kind), "says nothing", requests=(request,)
        ):
            pass

    with pytest.raises(Unreachable, match="The kernel says nothing: "):
        asyncio.run(listen())
    assert heard_of == []

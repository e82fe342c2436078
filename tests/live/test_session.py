"""Whether a PPPoE session stands, asked of a real kernel: by its link and the address on it."""

from collections.abc import Iterator

import pytest

from appliance.model.pppoe import LINK
from tests.live.namespaces import Namespace, namespaces

pytestmark = pytest.mark.live

ASKED = """
from ipaddress import IPv4Address
from services.pppoe.probe import stands
print(stands(IPv4Address("203.0.113.5")))
"""


@pytest.fixture
def router() -> Iterator[Namespace]:
    with namespaces("router") as (one,):
        yield one


def stands(router: Namespace) -> bool:
    return router.python(ASKED).strip() == "True"


def test_without_its_link_it_does_not(router: Namespace) -> None:
    assert not stands(router)


def test_with_its_address_on_the_link_it_does(router: Namespace) -> None:
    router.run("ip", "link", "add", LINK, "type", "bridge")
    router.run("ip", "address", "add", "203.0.113.5", "dev", LINK)
    assert stands(router)


def test_a_link_whose_address_was_taken_back_is_no_session(router: Namespace) -> None:
    router.run("ip", "link", "add", LINK, "up", "type", "bridge")
    assert not stands(router)


def test_the_address_of_another_session_does_not_count(router: Namespace) -> None:
    router.run("ip", "link", "add", LINK, "type", "bridge")
    router.run("ip", "address", "add", "203.0.113.6", "dev", LINK)
    assert not stands(router)


TAKEN = f"""
import asyncio
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pyroute2 import AsyncIPRoute
from appliance.plan.addresses import DropAddress
from appliance.plan.routes import DropRoute, Route
from appliance.plan.shaping import FreeOut
from services.links.driver import LinksDriver
from services.shaping.driver import ShapingDriver

WAY = Route(IPv4Network("0.0.0.0/0"), IPv4Address("203.0.113.1"), "{LINK}")

async def links(netlink):
    driver = LinksDriver(netlink)
    await driver.perform(DropRoute(WAY))
    await driver.perform(DropAddress("{LINK}", IPv4Interface("203.0.113.5/32")))

async def queue(netlink):
    await ShapingDriver(netlink).perform(FreeOut("{LINK}"))

async def main(*taken):
    async with AsyncIPRoute() as netlink:
        for one in taken:
            await one(netlink)
"""


def test_what_went_with_its_link_need_not_be_taken_away(router: Namespace) -> None:
    router.python(f"{TAKEN}\nasyncio.run(main(links, queue))")


def test_what_went_before_its_link_need_not_be_taken_away(router: Namespace) -> None:
    router.run("ip", "link", "add", LINK, "up", "type", "bridge")
    router.python(f"{TAKEN}\nasyncio.run(main(links))")

"""What `net` does with a configuration, once and without its role: for a kernel that has it all.

    apply_guest.py CONFIG [BEFORE]     what it did, and what is left to do, as JSON

BEFORE is the configuration that was in force: what it named is ours to take away.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict

from pyroute2 import AsyncIPRoute

from appliance.plan import order
from appliance.plan.words import say
from appliance.reconcile import reconcile
from hardware.probe import nics
from services.net.aim import aim, checked
from services.net.driver import KernelDriver


async def applied(text: str, before: str | None) -> dict[str, object]:
    """Bring the kernel of this namespace to the configuration in `text`."""
    async with AsyncIPRoute() as netlink:
        kernel = KernelDriver(netlink, lambda: None)
        able = await kernel.abilities()
        found, was = (
            aim(checked(one, able), nics(), time.time(), facts=able).wanted
            if one
            else order.State()
            for one in (text, before)
        )
        kernel.scope = order.together(was, found)
        await kernel.rehearse(order.steps(found, await kernel.observe()))
        _, steps = await reconcile(found, order.steps, kernel, lambda: asyncio.sleep(0.1))
        left = order.steps(found, await kernel.observe())
    return {
        "steps": [say(one) for one in steps],
        "left": [say(one) for one in left],
        "able": asdict(able),
    }


if __name__ == "__main__":
    words = [*sys.argv[1:], None]
    print(json.dumps(asyncio.run(applied(words[0] or "", words[1]))))

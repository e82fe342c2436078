"""DOOR: asks our own resolver what it told foreign code about a name."""

import asyncio
import socket

from appliance.model.foreign_names import NAMES_PORT
from services.nix.rebound.question import leads_home, questions

RESOLVER = ("127.0.0.1", NAMES_PORT)
SECONDS = 3.0


async def is_rebound(name: str) -> bool:
    """Whether `name` leads into the owner's network; False when nobody says."""
    return any([await _says_so(one) for one in questions(name)])


async def _says_so(question: bytes) -> bool:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        try:
            async with asyncio.timeout(SECONDS):
                await loop.sock_connect(asking, RESOLVER)
                await loop.sock_sendall(asking, question)
                return leads_home(question, await loop.sock_recv(asking, 4096))
        except OSError:  # TimeoutError too
            return False

"""Whose a socket is: the supervisor opens them for the roles, and programs of others their own."""

from collections.abc import Iterable, Mapping

from appliance.model.outside import Socket
from appliance.roles import ROLES
from services.outside.wire import Waiting
from services.supervisor.sockets.listening import PORTS

ROOT = 0
PORTS_OF: Mapping[tuple[str, int], str] = {
    PORTS[name]: role.name for role in ROLES.values() for name in role.sockets
}
"""What the supervisor opens: protocol and port to the role that gets it."""


def owner(protocol: str, port: int, link: str, uid: int, users: Mapping[int, str]) -> str:
    """The role or program of ours, whose `users` are given by number; "" for somebody else's."""
    if uid != ROOT and uid in users:
        return users[uid]
    return PORTS_OF.get((protocol, port), "") if uid == ROOT and link else ""


def sockets(
    protocol: str,
    found: Iterable[Waiting],
    links: Mapping[int, str],
    users: Mapping[int, str],
) -> tuple[Socket, ...]:
    """Every socket with its link's name and its owner."""
    return tuple(
        Socket(
            protocol,
            str(one.address),
            one.port,
            link := links.get(one.link, ""),
            owner(protocol, one.port, link, one.uid, users),
            one.uid,
        )
        for one in found
    )

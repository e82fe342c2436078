"""What is in the state directory, whose it is, who may read it.

Roles share a group.  The directory itself belongs to root, so no role can replace another's file;
that also means that no role can make `-wal` and `-shm` files in it, which is why the supervisor
makes every database and keeps it open.  A database is 0640: readers of the group map `-shm`
read-only, which SQLite allows for WAL files.  Confined users are outside the group and only pass
through (the x for others) to the store and the sockets.  In `secrets` each file's own mode says
who reads it: a key is 0600, a certificate 0644.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from appliance.roles import Role
from services.processes.privileges import Identity

NOBODY_ELSE = frozenset({"access.db"})
"""Databases that only their writer may read."""


@dataclass(frozen=True, slots=True)
class Place:
    """One folder or database; `path` is relative to the state directory.

    `writer` is the role that writes there, "" for the supervisor.
    """

    path: str
    kind: Literal["folder", "database"]
    uid: int
    gid: int
    mode: int
    writer: str = ""


def tree(
    roles: Iterable[Role],
    identities: Mapping[str, Identity],
    owner: Identity,
) -> tuple[Place, ...]:
    """Every place, parents first.  `owner` has what belongs to no role: root, and the group."""
    ours = owner.uid, owner.gid
    places = [
        Place("", "folder", *ours, 0o2751),
        Place("run", "folder", *ours, 0o2751),
        Place("run/nix", "folder", *ours, 0o0755),
        Place("logs", "folder", *ours, 0o2750),
        Place("secrets", "folder", *ours, 0o0751),
        Place("store", "folder", *ours, 0o0755),
    ]
    for role in roles:
        who = identities[role.name]
        for path in role.writes:
            if path.endswith(".db"):
                mode = 0o600 if path in NOBODY_ELSE else 0o640
                places.append(Place(path, "database", who.uid, who.gid, mode, role.name))
            else:
                places.append(Place(path, "folder", who.uid, who.gid, 0o2750, role.name))
    return tuple(places)

"""The door to the account files, and to what this computer lets us do with users."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.roles import GROUP, Role
from services.processes.driver import ability
from services.processes.privileges import Ability, Footing, Identity, identities


@dataclass(frozen=True, slots=True)
class Users:
    """Role name to its identity, confined user to its identity, and what can be walled off here.

    `owner` has what belongs to no role: root, and the group that roles share.
    """

    roles: Mapping[str, Identity]
    confined: Mapping[str, Identity]
    able: Ability
    owner: Identity

    @property
    def many(self) -> bool:
        """Has each role a user of its own?  Then files are handed to them."""
        return self.able.footing is Footing.MANY_USERS

    def uid(self, role: str) -> int:
        """The number a role really runs under."""
        return self.roles[role].uid if self.many else os.geteuid()


def users(roles: Iterable[Role]) -> Users:
    """Look once.  Raises Refused when a tool of util-linux is missing."""
    accounts, groups = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    ours, confined = identities(roles, accounts, groups)
    able = ability([one.uid for one in (*ours.values(), *confined.values())])
    shared = next((one.gid for one in ours.values()), GROUP[1])
    many = able.footing is Footing.MANY_USERS
    return Users(
        ours, confined, able, Identity("root", os.geteuid(), shared if many else os.getegid())
    )

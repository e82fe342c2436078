"""The ways of refusing that a caller answers differently.

Refused (422)
├── Forbidden   403  the actor may not do this
├── Unknown     404  there is no such thing
├── Clash       409  it changed meanwhile
└── TooMany     429  too many tries; `retry_after` seconds
"""

from appliance.errors import Problem, Refused


class Forbidden(Refused):
    """The actor may not do this."""


class Unknown(Refused):
    """There is no such thing."""


class Clash(Refused):
    """It changed since the actor looked at it."""


class TooMany(Refused):
    """Too many tries; the next one is looked at in `retry_after` whole seconds."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(Problem((), what))
        self.retry_after = retry_after


def problem(what: str, *where: str | int) -> Problem:
    """A problem with its place; no place is the whole form."""
    return Problem(where, what)

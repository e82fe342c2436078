"""What becomes of a device that a network has not seen before.

Who is on a network when it begins to hold newcomers back stays; later ones wait until the owner
lets them in, which is inventory: effective at once, no change of the configuration.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from appliance.model.limits import Matches

ALLOW: Final = "allow"
TELL: Final = "tell"
QUARANTINE: Final = "quarantine"
CHOICES: Mapping[str, str] = {
    ALLOW: "come in",
    TELL: "come in, and you are told",
    QUARANTINE: "get an address and names, and wait until you let them in",
}
"""What may be said of new devices, and how it is said."""

Newcomers = Annotated[str, Matches("|".join(CHOICES), "allow, tell or quarantine")]

Admitted = Mapping[str, frozenset[str]]
"""Network → the MACs that are no newcomers there."""
NOBODY: Admitted = {}

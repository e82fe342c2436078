"""What a server's answer means for the next try, whichever protocol it came by."""

from dataclasses import dataclass
from enum import Enum


class Then(Enum):
    """What is done next."""

    PUBLISHED = "nothing, until the address changes"
    UNREACHED = "it is tried again, at once at first"
    AGAIN = "it is tried again, within a minute at first"
    LATER = "the server is left alone for half an hour at least"
    STOP = "nothing, until the owner changes something"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence for the owner, and what is done; `address` is one that the server named."""

    then: Then
    what: str
    address: str = ""

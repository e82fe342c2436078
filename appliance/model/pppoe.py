"""The way out by PPPoE (RFC 2516): a name and a password, and a link of its own over the cable."""

from dataclasses import dataclass
from typing import Annotated, Final

from appliance.model.limits import STRICT, Matches

LINK: Final = "ppp-wan"
"""What the link to the provider is called; pppd makes it when the session begins."""
HEADER_BYTES: Final = 8  # RFC 2516 §7: of each Ethernet packet these are PPPoE's own
MTU: Final = 1492
"""The largest packet, in bytes, when nobody says otherwise."""
LARGEST_MTU: Final = 1500  # RFC 4638 §2: where provider and cable carry frames that are larger

UserName = Annotated[str, Matches(r"[!-~]{1,128}", "55667788@provider.example")]
ServiceName = Annotated[str, Matches(r"([!-~][ -~]{0,62}[!-~]|[!-~])?", "internet")]
SecretName = Annotated[str, Matches(r"[0-9a-f\-]{0,36}", "01978e2a-0000-7000-8000-000000000000")]


@dataclass(frozen=True, slots=True)
class Pppoe:
    """What the provider's letter says.

    The password itself is no part of the configuration: `secret` names the file that has it, below
    STATE/secrets/web/pppoe.  A new password is a new file, so that an undo finds the old one.
    `service` is one of several that the provider offers on this cable; mostly there is one.
    """

    __pydantic_config__ = STRICT

    user: UserName
    secret: SecretName = ""
    service: ServiceName = ""

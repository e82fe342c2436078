"""Words of a configuration that have a form of their own."""

from typing import Annotated

from appliance.model.limits import Matches
from appliance.model.names import MAC_TEXT, MACHINE_NAME, NETWORK_NAME, SLOT_TEXT

LINK = r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,14}"

NetworkName = Annotated[str, Matches(NETWORK_NAME.pattern, "guest-2")]
MachineName = Annotated[str, Matches(MACHINE_NAME.pattern, "ember-2")]
LinkName = Annotated[str, Matches(LINK, "br-lan")]
Mac = Annotated[str, Matches(MAC_TEXT.pattern, "52:54:00:12:34:56")]
VendorClass = Annotated[str, Matches(r"[!-~][ -~]{0,31}", "HW-Client")]
Port = Annotated[
    str,
    Matches(
        f"{LINK}|{MAC_TEXT.pattern}|{SLOT_TEXT.pattern}",
        "eth0, 52:54:00:12:34:56 or pci-0000:01:00.0",
    ),
]

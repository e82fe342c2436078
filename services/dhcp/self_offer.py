"""What a device that nobody knows would be offered here: the role asks itself, while on trial.

The question is a DISCOVER like any other, and what it was offered is free again at once.
"""

from typing import Final

from services.dhcp.answer import answer
from services.dhcp.guard import PROBE_ID
from services.dhcp.lan import Lan, text
from services.dhcp.options import CLIENT_ID, MESSAGE_TYPE
from services.dhcp.reply import Silence
from services.dhcp.wire import DISCOVER, OFFER, REQUEST_OP, decode, encode

NOBODY: Final = b"\2nixie"
"""A MAC that no card has: it is locally administered."""
QUESTION: Final = encode(
    op=REQUEST_OP,
    xid=0,
    chaddr=NOBODY,
    options=[(MESSAGE_TYPE, bytes((DISCOVER,))), (CLIENT_ID, PROBE_ID)],
)


def self_offer(lan: Lan, now: float) -> tuple[str, str]:
    """The address that a stranger would be offered, and why none would be: one of them is ""."""
    reply = answer(decode(QUESTION), lan, now)
    lan.pool.withdraw(NOBODY, b"c" + PROBE_ID, now, boot=False)
    if isinstance(reply, Silence):
        return "", reply.why
    said = decode(reply.data)
    return (text(said.yiaddr), "") if said.kind == OFFER else ("", "it is refused")

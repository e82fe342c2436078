"""What is sent: a mail, or a request of the web, from the notices that wait."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from email.message import EmailMessage
from email.utils import format_datetime

from appliance.model.notices import NTFY, Channel
from appliance.store.notices import Notice

MOST_LINES = 40
"""Sentences in one message."""
SIGNATURE = "X-Nixie-Signature"


@dataclass(frozen=True, slots=True)
class Post:
    """One request."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def heading(router: str, notices: Sequence[Notice]) -> str:
    """One line for all of them.

    >>> heading("nixie", [Notice("internet", "There is no internet: no cable.", 0.0)])
    'nixie: There is no internet: no cable.'
    """
    newest = " ".join(notices[-1].what.split())
    more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
    return f"{router}: {newest[:150]}{more}"


def text(notices: Sequence[Notice], zone: timezone | None = None) -> str:
    """The sentences with their times, oldest first."""
    left_out = len(notices) - MOST_LINES
    shown = [
        f"{datetime.fromtimestamp(one.at, zone):%Y-%m-%d %H:%M:%S}  {one.what}"
        for one in notices[-MOST_LINES:]
    ]
    before = [f"({left_out} earlier ones are left out)"] if left_out > 0 else []
    return "\n".join([*before, *shown])


def mail(
    channel: Channel, router: str, notices: Sequence[Notice], now: float, ident: str
) -> EmailMessage:
    """The message; `ident` makes its id one of its own."""
    made, settings = EmailMessage(), channel.settings
    made["From"], made["To"] = settings["sender"], settings["recipient"]
    made["Subject"] = heading(router, notices)
    made["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    made["Message-ID"] = f"<{ident}@{settings['sender'].partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's holiday answers it
    made.set_content(text(notices) + "\n")
    return made


def post(channel: Channel, secret: str, router: str, notices: Sequence[Notice]) -> Post:
    """The request of a webhook or of ntfy."""
    url = channel.settings["url"]
    if channel.kind == NTFY:
        headers = {"Title": _plain(heading(router, notices)), "Tags": notices[-1].topic}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        return Post(url, text(notices).encode(), headers)
    told = [{"topic": one.topic, "what": one.what, "at": one.at} for one in notices]
    body = json.dumps({"router": router, "notices": told[-MOST_LINES:]}).encode()
    headers = {"Content-Type": "application/json"}
    if secret:
        headers[SIGNATURE] = signature(secret, body)
    return Post(url, body, headers)


def signature(secret: str, body: bytes) -> str:
    """What proves that the body is ours.

    >>> signature("key", b"{}")[:15]
    'sha256=a777724d'
    """
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _plain(line: str) -> str:
    """A header's value: ASCII, one line."""
    return line.encode("ascii", "replace").decode().replace("\n", " ").replace("\r", " ")

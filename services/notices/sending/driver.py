"""The door to mail servers and to the web: one message, one answer, in a thread.

Certificates are checked; redirects are not followed.  An answer is told as the server gave it.
"""

import http.client
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlsplit

from services.notices.letter import Post

PATIENCE_SECONDS = 20.0
LONGEST_SAID = 300


class NotSent(Exception):
    """The server did not take it, or was not reached; the text says why."""


def send_mail(settings: Mapping[str, str], password: str, message: EmailMessage) -> str:
    """What the mail server said when it took the message.  Raises NotSent."""
    host, port = settings["host"], int(settings["port"])
    try:
        with _server(host, port, settings["security"]) as server:
            if settings["user"]:
                server.login(settings["user"], password)
            server.ehlo_or_helo_if_needed()
            server.mail(settings["sender"])
            code, said = server.rcpt(settings["recipient"])
            if code not in (250, 251):
                raise smtplib.SMTPResponseException(code, said)
            code, said = server.data(message.as_bytes(policy=SMTP))
            if code != 250:
                raise smtplib.SMTPResponseException(code, said)
            return _said(f"{host} took it: {code} {said.decode(errors='replace')}")
    except smtplib.SMTPResponseException as error:
        why = f"{error.smtp_code} {_text(error.smtp_error)}"
        raise NotSent(_said(f"{host} refused: {why}")) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(_said(f"{host}, port {port}: {_why(error)}")) from error


def send_post(post: Post) -> str:
    """What the web server said when it took the request.  Raises NotSent."""
    parts = urlsplit(post.url)
    host = parts.hostname or ""
    try:
        connection = _connection(parts.scheme, host, parts.port)
        try:
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("POST", path, post.body, dict(post.headers))
            answer = connection.getresponse()
            said = f"{answer.status} {answer.reason} {_text(answer.read(LONGEST_SAID))}".strip()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(_said(f"{host}: {_why(error)}")) from error
    if not 200 <= answer.status < 300:
        raise NotSent(_said(f"{host} refused: {said}"))
    return _said(f"{host} took it: {said}")


def _server(host: str, port: int, security: str) -> smtplib.SMTP:
    checks = ssl.create_default_context()
    if security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=PATIENCE_SECONDS, context=checks)
    server = smtplib.SMTP(host, port, timeout=PATIENCE_SECONDS)
    if security == "starttls":
        try:
            server.starttls(context=checks)  # a server that cannot is never told the password
        except BaseException:
            server.close()
            raise
    return server


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        checks = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE_SECONDS, context=checks)
    return http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}."
    if isinstance(error, TimeoutError):
        return f"it said nothing for {PATIENCE_SECONDS:.0f} s."
    return f"{error}."


def _text(said: bytes | str) -> str:
    return said if isinstance(said, str) else said.decode(errors="replace")


def _said(text: str) -> str:
    return " ".join(text.split())[:LONGEST_SAID]

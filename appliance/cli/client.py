"""The door to the router: /api/v1 over its own socket on this box, or over HTTP from elsewhere.

httpx is loaded with the first question: `nixie run` and `nixie lab` stay up for years as the
supervisor, ask nothing, and should not carry its 11 MB.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import httpx

from appliance.store.standing.open import standings

API = "/api/v1"
TIMEOUT_SECONDS = 30.0
LOOK_SECONDS = 0.5
PATIENT_SECONDS = 2.0  # after that, whoever waits is told for what

Found = TypeVar("Found")


class Failed(Exception):
    """The command ends with `code`; the sentences go to standard error."""

    def __init__(self, code: int, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.code = code
        self.sentences = sentences


REFUSED, UNKNOWN, SILENT, ENDED_BADLY, LATE = 1, 3, 4, 5, 6
CODES = {404: UNKNOWN, 500: SILENT, 502: SILENT, 503: SILENT}


@dataclass(frozen=True, slots=True)
class Where:
    """Which router.  Without `url`: the one whose state directory is `state`, on this box."""

    state: Path
    url: str = ""
    token: str = ""
    ca: str = ""


class Client:
    """Asks one router."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._http: httpx.Client | None = None
        self._folder = -1  # descriptor of the folder with the router's own socket

    def close(self) -> None:
        """Hang up."""
        if self._http is not None:
            self._http.close()
        if self._folder >= 0:
            os.close(self._folder)
        self._http, self._folder = None, -1

    def get(self, path: str, /, **query: Any) -> Any:
        """Look."""
        return self._ask("GET", path, params=_given(query))

    def post(self, path: str, body: Any = None, /, **query: Any) -> Any:
        """Act."""
        return self._ask("POST", path, json=body, params=_given(query))

    def put(self, path: str, body: Any) -> Any:
        """Set."""
        return self._ask("PUT", path, json=body)

    def send(self, path: str, content: bytes, /, **query: Any) -> Any:
        """Set it to bytes as they are."""
        told = {"Content-Type": "application/octet-stream"}
        return self._ask("PUT", path, content=content, params=query, headers=told)

    def upload(self, path: str, file: Path) -> Any:
        """Send a whole file, as it is.  Raises Failed when it cannot be read."""
        try:
            with file.open("rb") as opened:
                return self._ask("POST", path, content=opened)
        except OSError as error:
            raise Failed(REFUSED, f"{file} cannot be read: {error.strerror}.") from None

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Change what is not None."""
        return self._ask("PATCH", path, json=_given(body))

    def delete(self, path: str, /, **query: Any) -> Any:
        """Take away."""
        return self._ask("DELETE", path, params=_given(query))

    def answering(self, seconds: float) -> None:
        """Wait until the router answers.  Raises the last Failed after `seconds`."""
        began = time.monotonic()
        while True:
            try:
                self.get("/status")
            except Failed:
                if time.monotonic() - began > seconds:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                return

    def until(
        self,
        look: Callable[[], Found],
        ready: Callable[[Found], bool],
        seconds: float,
        said: Callable[[Found], str],
    ) -> Found:
        """Look again until it is ready; what changes is told on standard error.

        Raises Failed(LATE) after `seconds`.
        """
        began = time.monotonic()
        told = ""
        while True:
            found = look()
            if ready(found):
                return found
            waited = time.monotonic() - began
            if waited > seconds:
                raise Failed(LATE, f"Not within {seconds:g} s: {said(found)}")
            now = said(found)
            if waited > PATIENT_SECONDS and now != told:
                if now:
                    print(now, file=sys.stderr, flush=True)
                told = now
            time.sleep(LOOK_SECONDS)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        import httpx

        try:
            answer = self._client().request(method, API + path, **more)
        except httpx.TimeoutException:
            if self._web_failed():
                raise Failed(SILENT, self._unreachable("it went away")) from None
            raise Failed(SILENT, "The router did not answer in time. Look at its load.") from None
        except httpx.TransportError as error:
            raise Failed(SILENT, self._unreachable(error)) from None
        if answer.is_success:
            return answer.json()
        raise Failed(CODES.get(answer.status_code, REFUSED), *_sentences(answer))

    def _client(self) -> "httpx.Client":
        if self._http is None:
            self._http = self._local() if not self._where.url else self._remote()
        return self._http

    def _local(self) -> "httpx.Client":
        import httpx

        if self._web_failed():  # its socket is there without it, and would let us wait
            raise Failed(SILENT, self._unreachable("it was not asked"))
        folder = self._where.state / "secrets" / "web"
        try:
            token = self._where.token or (folder / "local-token").read_text().strip()
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except PermissionError:
            raise Failed(
                SILENT,
                f"{folder} is not yours to read. Run this as root, or give --url and --token.",
            ) from None
        except OSError:
            raise Failed(
                SILENT,
                f"No router has started in {self._where.state}. Name its state directory with "
                f"--state, "
                "or the router itself with --url and --token.",
            ) from None
        # Named by descriptor: a socket's path has 108 characters at most (unix(7)).
        transport = httpx.HTTPTransport(uds=f"/proc/self/fd/{self._folder}/api.sock")
        return httpx.Client(
            transport=transport,
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
        )

    def _remote(self) -> "httpx.Client":
        import httpx

        if not self._where.token:
            raise Failed(REFUSED, "--url needs --token. Make one: nixie token make NAME.")
        return httpx.Client(
            base_url=self._where.url.rstrip("/"),
            headers={"Authorization": f"Bearer {self._where.token}"},
            timeout=TIMEOUT_SECONDS,
            verify=self._where.ca or True,
        )

    def _web_failed(self) -> bool:
        """Does a supervisor that lives say that web does not run?"""
        return not self._where.url and any(
            one.failed for one in standings(self._where.state) if one.name == "web"
        )

    def _unreachable(self, error: object) -> str:
        if self._where.url:
            hint = " Give its ca.crt with --ca." if "CERTIFICATE" in str(error) else ""
            return f"{self._where.url} cannot be reached: {error}.{hint}"
        why = [
            what
            for one in standings(self._where.state)
            if one.name == "web"
            for what in one.troubles
        ]
        return f"The web role of {self._where.state} does not answer ({error}). " + (
            " ".join(why) or "Is nixie running?"
        )


def now() -> float:
    """Unix seconds."""
    return time.time()


def rest(seconds: float) -> None:
    """Do nothing for a while."""
    time.sleep(seconds)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _sentences(answer: "httpx.Response") -> list[str]:
    try:
        problems = answer.json()["problems"]
        return [
            f"{'.'.join(map(str, one['where']))}: {one['what']}" if one["where"] else one["what"]
            for one in problems
        ]
    except (ValueError, KeyError, TypeError):
        return [f"The router answered {answer.status_code}; this is not Nixie's API."]

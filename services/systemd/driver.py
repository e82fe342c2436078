"""The door to the service manager: take the sockets it hands over, tell it that we live."""

import os
import socket
import time
from collections.abc import Mapping

from services.systemd.notify import handed

BEAT_SECONDS = 2.0


def adopt(environ: Mapping[str, str]) -> dict[str, socket.socket]:
    """The sockets handed to this process, by name, non-blocking and not inherited further."""
    taken = {}
    for name, descriptor in handed(environ, os.getpid()).items():
        os.set_inheritable(descriptor, False)
        taken[name] = socket.socket(fileno=descriptor)
        taken[name].setblocking(False)
    return taken


class Overseer:
    """Whoever supervises us, at the path in NOTIFY_SOCKET; None when nobody does."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._beaten_at = -BEAT_SECONDS

    def ready(self) -> None:
        """Say that we serve."""
        self.tell("READY=1")

    def beat(self) -> None:
        """Say that we live; asked more often, it says so every two seconds."""
        now = time.monotonic()
        if now - self._beaten_at >= BEAT_SECONDS:
            self._beaten_at = now
            self.tell("WATCHDOG=1")

    def tell(self, message: str) -> None:
        """Send one notification, such as "READY=1".  A manager that went away hears nothing."""
        if not self._path:
            return
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(message.encode(), address)
            except OSError:
                return

"""The door to a role's memory: one question, one answer."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 2.0
MOST_BYTES = 4 << 20
"""Of one answer."""


def recall_path(state: Path, role: str) -> Path:
    """Where a role is asked; the supervisor makes it, for web alone."""
    return state / "run" / f"{role}.sock"


def recall(state: Path, role: str, question: Mapping[str, Any]) -> list[Any] | None:
    """What the role remembers, newest first; None while nobody answers there."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(ANSWER_SECONDS)
            asking.connect(str(recall_path(state, role)))
            asking.sendall(json.dumps(question).encode() + b"\n")
            with asking.makefile("rb") as answer:
                return list(json.loads(answer.readline(MOST_BYTES)))
    except (OSError, ValueError):
        return None

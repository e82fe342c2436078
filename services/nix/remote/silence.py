"""Derivations that print nothing for too long, where Nix itself does not look after that.

A builder is told none of our limits: ssh-ng sends no settings, and a build that is shared is left
to the builder, too.  So its lines are counted as they come.  Nix does not say of each derivation
that it ended, only how many there are at work; so of some that are silent one may have ended.
"""

from collections.abc import Mapping

from services.nix.log_lines import Running


class Silence:
    """Memory of who was heard when; `seconds` of silence are too many."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._heard: dict[int, tuple[int, float]] = {}  # build → lines, and since when so many

    def broken(self, running: Mapping[int, Running], working: int, now: float) -> str:
        """Who was silent for too long, of `running` of which so many are `working`; "" for nobody.

        More than one name where one of them is it.
        """
        heard = self._heard
        self._heard = {
            ident: heard[ident] if heard.get(ident, (-1, now))[0] == one.lines else (one.lines, now)
            for ident, one in running.items()
        }
        silent = [
            running[ident].name
            for ident, (_, since) in self._heard.items()
            if now - since > self._seconds
        ]
        return " or ".join(silent) if len(silent) > len(running) - working else ""


def said(name: str, seconds: float) -> str:
    """The end of it as Nix says it of builds of its own."""
    return f"building of '{name}' timed out after {seconds:.0f} seconds of silence"

"""What the role did since it started, in whole numbers."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counts:
    """Questions by what became of them; each is in `asked` and in one of the others at most."""

    asked: int = 0
    repeated: int = 0  # the very same question was answered lately
    blocked: int = 0
    forwarded: int = 0  # an upstream had to be asked
    failed: int = 0  # and none answered
    stale: int = 0  # an old answer was given because of that
    private: int = 0  # answers that would have led from the internet into the LAN
    limited: int = 0  # questions left out because a client asked too many

    def shown(self) -> dict[str, int]:
        """Name to number."""
        return asdict(self)

"""The door to /proc/sys; what lies below `net` belongs to the network namespace of the reader."""

from collections.abc import Iterable
from pathlib import Path

from appliance.errors import Gone, Unreachable
from appliance.plan.sysctls import State, Write

ROOT = Path("/proc/sys")


class SysctlDriver:
    """Reads and writes settings, each by its path below `root`."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root

    def read(self, paths: Iterable[str]) -> State:
        """The settings that exist; None for those whose whole family this kernel lacks.

        A setting of a link that is not there is left out: it comes with the link.
        """
        found: dict[str, str | None] = {}
        for path in paths:
            try:
                found[path] = (self._root / path).read_text().strip()
            except OSError:
                if not (self._root / Path(*Path(path).parts[:2])).exists():
                    found[path] = None
        return found

    def write(self, step: Write) -> None:
        """Set one value.  Raises Unreachable: Gone when its link is there no more."""
        try:
            (self._root / step.path).write_text(step.value)
        except OSError as error:
            kind = Gone if isinstance(error, FileNotFoundError) else Unreachable
            raise kind(
                f"The kernel refused {step.value} for {step.path}: {error.strerror}."
            ) from error

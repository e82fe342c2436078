"""Tests of real things run side by side; a file in which some fail is run once more, by itself.

`python -m tests.once_more OPTIONS -- SPREAD PATHS` is pytest with all of that; then, if tests of a
few files failed, with OPTIONS and these files.  What fails there, too, is broken, however busy the
computer is; what passes is a race in the test or in the product, and named as one at the end.
"""

import subprocess
import sys
from collections.abc import Sequence

import pytest

MOST_FILES = 3
"""Where more of them fail, nobody raced."""


class Failures:
    """A plugin of pytest: the names of what failed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test was set up, called or torn down, here or by a worker of xdist."""
        if report.failed:
            self.names.append(report.nodeid)


def main(words: Sequence[str]) -> int:
    """The exit status, as pytest has them."""
    at = words.index("--")
    options, spread = words[:at], words[at + 1 :]
    failures = Failures()
    status = pytest.main([*options, *spread], plugins=[failures])
    files = sorted({name.partition("::")[0] for name in failures.names})
    if status != pytest.ExitCode.TESTS_FAILED or not 0 < len(files) <= MOST_FILES:
        return int(status)
    print("Once more, by itself:", *files, flush=True)
    alone = subprocess.run([sys.executable, "-m", "pytest", *options, *files], check=False)
    if alone.returncode == 0:
        print("A race that is to be mended, it passed by itself:", *failures.names, flush=True)
    return alone.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

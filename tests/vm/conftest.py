"""One lab for the whole session: hosts are built once, each test switches its own machine on."""

from collections.abc import Iterator

import pytest

from tests.live.standing import standing
from tests.vm.lab import Workshop, furnished

HOSTS = {
    "native": ("crucible", False),
    "adapted": ("archive", False),
    "special": ("switchyard", False),
    "unwatched": ("anvil", True),
}
"""What the tests call a host: (its name in the sample, served as built)."""


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    with standing("vm") as router:
        yield furnished(router, HOSTS)

"""A host whose packed store is larger than any ramdisk: built, given out apart, and said so."""

import os
import re
from collections.abc import Iterator

import pytest

from tests.live.bad_place import Bad, bad
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
    pytest.mark.xdist_group("large-store"),
]

MAC = "52:54:00:00:4a:01"
SIZE = (1 << 32) + len("the end")


@pytest.fixture(scope="module")
def here() -> Iterator[Bad]:
    with bad("large") as made:
        yield made


@pytest.fixture(scope="module")
def host(here: Bad) -> str:
    """Built, and given to a machine."""
    source = here.add(here.url("large"))
    here.settled(source)
    built = here.built(f"{source}/vast", 900)
    assert built["state"] == "built", built
    here.router.client.put(f"/machines/{MAC}/intent", {"host": f"{source}/vast"})
    until(lambda: MAC in str(here.table()["macs"]), "the table names the machine")
    return f"{source}/vast"


def test_its_only_form_is_the_one_with_the_store_apart(here: Bad, host: str) -> None:
    image = here.router.client.get(f"/images/{here.router.client.get(f'/hosts/{host}')['image']}")
    assert [one["purpose"] for one in image["parts"]] == ["kernel", "initrd", "store"]
    assert image["thin"] == image["parts"]
    assert image["parts"][-1]["size"] == SIZE


def test_its_host_says_what_that_takes(here: Bad, host: str) -> None:
    (found,) = here.router.client.get(f"/hosts/{host}")["findings"]
    assert found["what"] == (
        "The image has 4.0 GiB. No ramdisk takes its store, so each machine fetches it, and needs "
        "a tenth more than that as memory."
    )


@pytest.mark.usefixtures("host")
def test_a_machine_gets_the_bytes_beyond_four_gibibytes(here: Bad) -> None:
    told = script(here, 8192)
    (url,) = re.findall(r"nixie\.store=(\S+)", told)
    assert f"nixie.store-size={SIZE}" in told
    last = here.inside_lan("curl", "-sS", "-D", "-", "-r", f"{1 << 32}-", url)
    assert "206" in last.splitlines()[0]
    assert f"bytes {1 << 32}-{SIZE - 1}/{SIZE}" in last
    assert last.endswith("the end")


@pytest.mark.usefixtures("host")
def test_a_machine_with_too_little_memory_is_told_beforehand(here: Bad) -> None:
    script(here, 4096)
    assert re.search(
        r"needs about \d{4} MB of memory even fetched by its first stage, and the machine has "
        r"4096 MB",
        until(lambda: doubt(here), "its page has a doubt"),
    )


def doubt(here: Bad) -> str:
    machine = next(one for one in here.router.client.get("/machines") if MAC in str(one))
    said = here.page(f"/machines/{machine['id']}")
    return said if "even fetched" in said else ""


def script(here: Bad, megabytes: int) -> str:
    """What the machine is told, once it has said how much memory it has."""
    address = ("ip", "address", "replace", "10.77.0.250/24", "dev", "switch")
    memory = megabytes.to_bytes(2, "little").hex()
    url = f"http://10.77.0.1/s/{MAC.replace(':', '-')}?arch=x86_64&plat=efi&mem={memory}......."
    return here.inside_lan("sh", "-c", f"{' '.join(address)}; curl -sS '{url}'")

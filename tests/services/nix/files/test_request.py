"""The verb `file`: what it takes, and how it is run."""

from pathlib import Path

import pytest

from appliance.errors import Refused
from services.nix.files.request import file
from services.nix.store import store_in

STORE = store_in(Path("/s"), Path("/n/nix"), system_store=False)
DIGEST = "ab" * 32
URL = "https://files.example/vmlinuz"


def test_a_file_is_downloaded_as_fetch_with_the_network_and_no_secret() -> None:
    job = file({"url": URL, "sha256": DIGEST}, STORE)
    assert (job.user, job.network, job.stdin) == ("fetch", True, b"")
    assert job.argv[-3:] == ("--name", DIGEST, URL)


def test_what_is_downloaded_lies_on_the_disk_meanwhile() -> None:
    job = file({"url": URL, "sha256": DIGEST}, STORE)
    assert job.env["TMPDIR"] in job.writable


@pytest.mark.parametrize("url", ["", "--help", "file:///etc/shadow", "/etc/shadow", "https://a b"])
def test_what_is_no_address_is_not_asked(url: str) -> None:
    with pytest.raises(Refused):
        file({"url": url, "sha256": DIGEST}, STORE)


@pytest.mark.parametrize("digest", ["", "abc", DIGEST.upper(), "../../etc"])
def test_what_is_no_checksum_is_no_name(digest: str) -> None:
    with pytest.raises(Refused):
        file({"url": URL, "sha256": digest}, STORE)

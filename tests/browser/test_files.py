"""A host from files, from the page Sources to its own, as its owner does it."""

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.model.files import from_text
from appliance.store.reads import Reads
from tests.browser.conftest import Site, signed_in
from tests.browser.test_every_page import NAMELESS, TOO_SMALL, TOO_WIDE, WIDTHS

KERNEL = b"MZ" + bytes(54) + b"ARM\x64" + bytes(3 << 20)
DIGEST = hashlib.sha256(KERNEL).hexdigest()


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    place = tmp_path / "my Image"
    place.write_bytes(KERNEL)
    return place


def add(window: Page, kernel: Path) -> None:
    """Choose the kernel with a processor that it is not for, then with its own."""
    window.goto("/sources")
    window.get_by_role("link", name="Add a host from files").click()
    window.get_by_label("Name", exact=True).fill("rescue")
    window.get_by_label("Send it from here").first.set_input_files(kernel)
    window.get_by_label("Command line", exact=True).fill("console=ttyAMA0")
    window.get_by_role("button", name="Add it").click()
    expect(window.get_by_text("my-Image is made for aarch64")).to_be_visible()
    expect(window.get_by_text("my-Image is here.")).to_be_visible()
    window.get_by_label("For", exact=True).select_option("aarch64-linux")
    window.get_by_role("button", name="Add it").click()
    expect(window.get_by_role("heading", name="rescue", exact=True)).to_be_visible()


def test_a_kernel_is_sent_once_whatever_else_was_wrong(
    window: Page, own_site: Site, kernel: Path
) -> None:
    add(window, kernel)
    (row,) = [one for one in Reads(own_site.state).sources() if one.files]
    (file,) = from_text(row.files).files
    assert (file.name, file.sha256) == ("my-Image", DIGEST)
    assert (own_site.state / "uploads" / DIGEST).read_bytes() == KERNEL


def test_a_removed_host_is_back_by_one_click(window: Page, kernel: Path) -> None:
    add(window, kernel)
    window.get_by_role("link", name="Other files").click()
    window.get_by_role("button", name="Remove rescue").click()
    expect(window.get_by_text("rescue is removed.")).to_be_visible()
    window.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("link", name="rescue", exact=True)).to_be_visible()


def test_it_fits_on_every_screen(window: Page, own_site: Site, kernel: Path) -> None:
    add(window, kernel)
    (row,) = [one for one in Reads(own_site.state).sources() if one.files]
    for path in ("/files", f"/files?host={row.id}", f"/sources/{row.id}"):
        window.goto(path)
        for width in WIDTHS:
            window.set_viewport_size({"width": width, "height": 800})
            assert window.evaluate(TOO_WIDE) == [], f"{path} at {width}"
        assert window.evaluate(NAMELESS) == []
        assert window.evaluate(TOO_SMALL) == []


def test_without_a_script_a_host_is_added(chromium: Browser, own_site: Site, kernel: Path) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=False)
    add(context.new_page(), kernel)
    context.close()

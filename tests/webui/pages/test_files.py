"""The page of hosts from files."""

from appliance.model.files import from_text
from tests.webui.pages.conftest import Home
from webui.pages.files import TREE, by_row, host_of, used

KERNEL = b"MZ" + bytes(54) + b"ARM\x64"
FORM = {"name": "rescue", "system": "aarch64-linux", "recipe": "linux"}
URL = "https://files.example/pub/Image"


def add(home: Home, **more: str) -> str:
    """Send the form with a kernel; returns the id of its source."""
    done = home.client.post("/files", data={**FORM, **more}, files={"file-0": ("Image", KERNEL)})
    assert done.status_code == 200, done.text
    return next(one.id for one in home.desk.reads.sources() if one.files)


def test_the_page_of_sources_leads_here(home: Home) -> None:
    assert 'href="/files"' in home.get("/sources")


def test_an_added_host_opens_its_page_as_a_source_without_a_lock_file(lived_in: Home) -> None:
    html = lived_in.get(f"/sources/{add(lived_in)}")
    assert "rescue</h1>" in html
    assert "Other files" in html
    assert "Lock file" not in html


def test_its_files_are_shown_again_to_be_changed(lived_in: Home) -> None:
    source = add(lived_in, command_line="quiet")
    html = lived_in.get(f"/files?host={source}")
    assert "Image is here." in html
    assert 'value="quiet"' in html
    assert f'action="/sources/{source}/remove"' in html


def test_its_settings_are_its_files(lived_in: Home) -> None:
    html = lived_in.get(f"/sources/{add(lived_in)}/settings")
    assert "Other files for rescue" in html


def test_a_changed_command_line_keeps_its_files(lived_in: Home) -> None:
    source = add(lived_in)
    before = from_text(next(one.files for one in lived_in.desk.reads.sources() if one.files))
    texts = {
        "id": source,
        "name-0": "Image",
        "sha256-0": before.files[0].sha256,
        "kept-0": before.files[0].sha256,
        "command_line": "debug",
    }
    lived_in.client.post("/files", data={**FORM, **texts}, files={"file-0": ("", b"")})
    after = from_text(next(one.files for one in lived_in.desk.reads.sources() if one.files))
    assert (after.command_line, after.files) == ("debug", before.files)


def test_a_wrong_processor_is_said_beside_its_file(lived_in: Home) -> None:
    told = lived_in.client.post(
        "/files", data={**FORM, "system": "x86_64-linux"}, files={"file-0": ("Image", KERNEL)}
    )
    assert told.status_code == 422
    assert 'id="sha256-0-e"' in told.text
    assert "is made for aarch64" in told.text


def test_a_download_without_a_checksum_is_said_beside_it(lived_in: Home) -> None:
    told = lived_in.client.post("/files", data={**FORM, "url-0": URL}, files={"file-0": ("", b"")})
    assert told.status_code == 422
    assert "64 hexadecimal digits" in told.text.partition('id="sha256-0-e"')[2][:300]


def test_places_without_anything_are_left_out() -> None:
    texts = {**FORM, "url-0": URL, "sha256-0": "ab" * 32, "url-2": f"{URL}.gz", "sha256-2": "x"}
    assert used(texts) == (0, 2)
    assert [(one.purpose, one.name) for one in host_of(texts).files] == [
        ("kernel", "Image"),
        ("initrd", "Image.gz"),
    ]
    wrong = {"files.1.sha256": "No.", "name": "Taken.", "files": "Too many."}
    assert by_row(texts, wrong) == {
        "sha256-2": "No.", "name": "Taken.", "sha256-0": "Too many.",
    }  # fmt: skip


def test_a_device_tree_has_a_place_of_its_own(lived_in: Home) -> None:
    tree = {f"url-{TREE}": f"{URL}.dtb", f"sha256-{TREE}": "ab" * 32}
    source = add(lived_in, **tree)
    host = from_text(next(one.files for one in lived_in.desk.reads.sources() if one.files))
    assert [(one.purpose, one.name) for one in host.files] == [
        ("kernel", "Image"),
        ("dtb", "Image.dtb"),
    ]
    html = lived_in.get(f"/files?host={source}")
    assert '<details class="extra" open>' in html
    assert f'name="name-{TREE}" value="Image.dtb"' in html

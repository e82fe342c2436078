"""Files of a form and of a body, over a socket."""

import hashlib
import http.client
from urllib.parse import urlsplit

import httpx
import pytest

from tests.webui.conftest import Admin
from webui.guard import BODY_LIMIT

KERNEL = b"MZ" + bytes(54) + b"ARM\x64" + bytes(2 * BODY_LIMIT)
DIGEST = hashlib.sha256(KERNEL).hexdigest()
FORM = {"name": "rescue", "system": "aarch64-linux", "recipe": "linux", "command_line": "quiet"}


def sent(admin: Admin, **more: object) -> httpx.Response:
    with admin.owner() as client:
        return client.post("/files", **more)  # type: ignore[arg-type]


def test_a_file_beyond_the_bound_of_forms_is_taken(admin: Admin) -> None:
    with admin.local() as client:
        told = client.post("/api/v1/files", content=KERNEL)
    assert told.status_code == 201
    assert told.json() == {
        "sha256": DIGEST, "size": len(KERNEL), "form": "linux", "system": "aarch64-linux",
    }  # fmt: skip
    assert (admin.state / "uploads" / DIGEST).read_bytes() == KERNEL


def test_nobody_sends_files_without_signing_in(admin: Admin) -> None:
    with admin.client() as client:
        assert client.post("/api/v1/files", content=b"x").status_code == 401
    assert not (admin.state / "uploads").exists()


def test_an_empty_body_is_no_file(admin: Admin) -> None:
    with admin.local() as client:
        told = client.post("/api/v1/files", content=b"")
    assert (told.status_code, "empty" in told.text) == (422, True)


def test_a_form_brings_texts_with_files(admin: Admin) -> None:
    files = {"file-0": ("my Image", KERNEL), "file-1": ("initrd.gz", b"ramdisk")}
    done = sent(admin, data=FORM, files=files)
    assert done.status_code == 303, done.text
    with admin.local() as client:
        host = client.get("/api/v1/files/rescue").json()
    assert [(one["purpose"], one["name"]) for one in host["files"]] == [
        ("kernel", "my-Image"),
        ("initrd", "initrd.gz"),
    ]
    assert host["files"][0]["sha256"] == DIGEST
    assert host["command_line"] == "quiet"


def test_a_file_that_was_not_chosen_is_none(admin: Admin) -> None:
    files = {"file-0": ("Image", KERNEL), "file-1": ("", b"")}
    assert sent(admin, data=FORM, files=files).status_code == 303


def test_a_file_with_another_checksum_than_was_typed_is_told(admin: Admin) -> None:
    told = sent(admin, data={**FORM, "sha256-0": "ab" * 32}, files={"file-0": ("Image", KERNEL)})
    assert told.status_code == 422
    assert f"Image came with another SHA-256: {DIGEST}" in told.text


def test_what_came_stays_when_something_else_is_refused(admin: Admin) -> None:
    files = {"file-0": ("Image", KERNEL)}
    told = sent(admin, data={**FORM, "command_line": "a || b"}, files=files)
    assert told.status_code == 422
    assert "which iPXE would obey" in told.text
    assert f'value="{DIGEST}"' in told.text
    assert "Image is here." in told.text


def test_a_form_of_texts_alone_is_asked_for_its_files(admin: Admin) -> None:
    told = sent(admin, data=FORM)
    assert (told.status_code, "multipart/form-data" in told.text) == (422, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b\r\n",
        b'--b\r\nContent-Disposition: form-data; name="file-0"; filename="k"\r\n\r\nab',
    ],
)
def test_a_form_that_is_cut_short_leaves_nothing(admin: Admin, body: bytes) -> None:
    kind = {"content-type": "multipart/form-data; boundary=b"}
    told = sent(admin, content=body, headers=kind)
    assert (told.status_code, "did not come whole" in told.text) == (422, True)
    assert list((admin.state / "uploads").glob(".*")) == []


def test_a_text_has_a_bound(admin: Admin) -> None:
    files = {"file-0": ("Image", KERNEL)}
    told = sent(admin, data={**FORM, "command_line": "x" * 20_000}, files=files)
    assert (told.status_code, "too long" in told.text) == (422, True)


def test_a_connection_that_breaks_leaves_nothing(admin: Admin) -> None:
    secret = (admin.state / "secrets/web/local-token").read_text().strip()
    asking = http.client.HTTPConnection(urlsplit(admin.url).netloc, timeout=20)
    asking.putrequest("POST", "/api/v1/files")
    asking.putheader("authorization", f"Bearer {secret}")
    asking.putheader("content-length", str(1 << 30))
    asking.endheaders(b"half of it")
    asking.close()
    with admin.local() as client:
        client.get("/api/v1/status")
        client.post("/api/v1/files", content=b"after it")
    assert [one for one in (admin.state / "uploads").iterdir() if one.name[0] == "."] == []

"""`nixie host files` against a running admin."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from appliance.model.files import from_text
from appliance.store.reads import Reads
from tests.webui.conftest import Admin, admin

__all__ = ("admin",)

KERNEL = b"MZ" + bytes(54) + b"ARM\x64"
DIGEST = hashlib.sha256(KERNEL).hexdigest()
URL = "https://files.example/pub/initrd.gz"


@pytest.fixture
def kernel(tmp_path: Path) -> str:
    place = tmp_path / "Image"
    place.write_bytes(KERNEL)
    return str(place)


@pytest.fixture
def nixie(admin: Admin) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["host", "files", *words, "--state", str(admin.state)])

    return run


Run = Callable[..., Result]


def test_a_host_of_a_file_here_with_one_on_the_web(nixie: Run, admin: Admin, kernel: str) -> None:
    words = ("rescue", "--kernel", kernel, "--initrd", f"{URL}#sha256={'ab' * 32}")
    done = nixie(*words, "--command-line", "quiet", "--system", "aarch64-linux")
    assert (done.exit_code, done.stdout) == (0, "rescue is added. Its files are checked now.\n")
    (view,) = Reads(admin.state).sources()
    host = from_text(view.files)
    assert [(one.purpose, one.name, one.sha256, one.url) for one in host.files] == [
        ("kernel", "Image", DIGEST, ""),
        ("initrd", "initrd.gz", "ab" * 32, URL),
    ]
    done = nixie(*words, "--system", "aarch64-linux")
    assert done.stdout == "rescue gets a new generation from these files.\n"


def test_a_board_has_its_device_tree(nixie: Run, admin: Admin, kernel: str) -> None:
    tree = f"{URL}#sha256={'ab' * 32}"
    done = nixie("board", "--kernel", kernel, "--dtb", tree, "--system", "aarch64-linux")
    assert done.exit_code == 0, done.stderr
    (view,) = Reads(admin.state).sources()
    assert [one.purpose for one in from_text(view.files).files] == ["kernel", "dtb"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("x",), "Name either a kernel"),
        (("x", "--kernel", "/nowhere/k"), "/nowhere/k cannot be read: No such file"),
        (("x", "--kernel", URL), "Say what https://files.example/pub/initrd.gz is to be"),
        (("x", "--kernel", f"{URL}#sha256=abc"), "abc is no SHA-256"),
    ],
)
def test_what_is_wrong_is_said(nixie: Run, words: tuple[str, ...], told: str) -> None:
    done = nixie(*words)
    assert (done.exit_code, told in done.stderr) == (1, True), done.stderr


def test_a_file_that_is_not_what_was_said_changes_nothing(
    nixie: Run, admin: Admin, kernel: str
) -> None:
    done = nixie("x", "--kernel", f"{kernel}#sha256={'ab' * 32}")
    assert f"has another SHA-256: {DIGEST}. Nothing was changed." in done.stderr
    assert Reads(admin.state).sources() == []

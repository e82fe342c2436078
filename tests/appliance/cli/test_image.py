"""`nixie image` against a running admin."""

import json
from dataclasses import replace

from typer.testing import CliRunner

from appliance.cli.app import app
from appliance.model.images import image_to_json
from tests.services.netboot.made import image
from tests.webui.conftest import Admin, admin

__all__ = ("admin",)
BEFORE, AFTER = "b" * 64, "a" * 64


def published(admin: Admin, ident: str, *packages: str, toplevel: str = "/nix/store/x") -> None:
    """An image whose system has these packages, half a mebibyte each; none: nobody noted it."""
    made = replace(image(number=1), id=ident, toplevel=toplevel)
    folder = admin.state / "published"
    for kind in ("images", "closures"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / f"images/{ident}.json").write_text(json.dumps(image_to_json(made)))
    if packages:
        paths = {f"{ident[0] * 32}-{one}": 1 << 19 for one in packages}
        told = json.dumps({"schema": 1, "paths": paths})
        (folder / f"closures/{ident}.json").write_text(told)


def compared(admin: Admin, *words: str) -> str:
    argv = ["image", "compare", BEFORE, AFTER, *words, "--state", str(admin.state)]
    done = CliRunner().invoke(app, argv)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_packages_are_listed_with_versions_and_sizes(admin: Admin) -> None:
    published(admin, BEFORE, "zlib-1.3", "gdb-14.2", "etc")
    published(admin, AFTER, "zlib-1.4", "strace-6.9", "strace-6.9-man", "etc")
    lines = [" ".join(line.split()) for line in compared(admin).splitlines()]
    assert lines[lines.index("Packages:") + 1 :] == [
        "PACKAGE BEFORE AFTER SIZE",
        "gdb 14.2 – -512 KiB",
        "strace – 6.9 +1 MiB",
        "zlib 1.3 1.4 as large",
        "Of the same version, and built otherwise: 1",
        "All: 1.5 MiB before, 2 MiB after",
    ]


def test_as_json_they_are_what_the_api_says(admin: Admin) -> None:
    published(admin, BEFORE, "zlib-1.3")
    published(admin, AFTER, "zlib-1.4")
    found = json.loads(compared(admin, "--json"))["packages"]
    assert found["changed"] == [{"name": "zlib", "before": ["1.3"], "after": ["1.4"], "grown": 0}]
    assert (found["added"], found["removed"], found["unknown"]) == ([], [], "")


def test_the_same_system_has_the_same_packages(admin: Admin) -> None:
    published(admin, BEFORE, "zlib-1.3")
    published(admin, AFTER, "zlib-1.3")
    told = compared(admin)
    assert "the same in the same versions" in told


def test_what_was_not_noted_is_said(admin: Admin) -> None:
    published(admin, BEFORE)
    published(admin, AFTER, "zlib-1.4")
    assert f"Nobody noted what image {BEFORE[:7]} is made of" in compared(admin)


def test_an_image_of_files_has_no_packages(admin: Admin) -> None:
    published(admin, BEFORE, toplevel="")
    published(admin, AFTER, "zlib-1.4")
    assert "An image made of files has no packages to compare." in compared(admin)

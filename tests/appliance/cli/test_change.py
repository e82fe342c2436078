"""The draft, exports and imports from the command line, against a running admin."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.app import app
from tests.appliance.model.test_closed_nixie import OLDER, TODAY
from tests.webui.conftest import Admin, admin
from webui.api.changes import EXAMPLE

__all__ = ("admin",)

Run = Callable[..., Result]
NAMED = json.dumps({**EXAMPLE, "hostname": "ember"})


@pytest.fixture
def nixie(admin: Admin) -> Run:
    """A router with its first configuration."""

    def run(*words: str, **more: str) -> Result:
        called = ["change", *words, "--state", str(admin.state)]
        return CliRunner().invoke(app, called, input=more.get("input"))

    assert run("propose", "-", input=json.dumps(EXAMPLE)).exit_code == 0
    return run


def test_an_import_is_reviewed_as_a_draft(nixie: Run) -> None:
    assert nixie("import", "-", input=NAMED).exit_code == 0
    assert nixie("review").stdout == "The router's name becomes ember (was nixie).\n"
    assert json.loads(nixie("draft").stdout)["hostname"] == "ember"


def test_what_is_discarded_is_no_draft_any_more(nixie: Run) -> None:
    nixie("import", "-", input=NAMED)
    assert nixie("discard").stdout == "What was not applied is discarded.\n"
    assert nixie("draft").exit_code == 3


def test_without_a_draft_there_is_nothing_to_apply(nixie: Run) -> None:
    told = nixie("apply")
    assert (told.exit_code, told.stderr) == (
        3,
        "Everything is applied. PUT /draft begins a change.\n",
    )


def test_apply_says_what_it_applies(nixie: Run) -> None:
    nixie("import", "-", input=NAMED)
    told = nixie("apply", "--seconds", "4")
    assert told.exit_code == 1
    assert told.stderr.splitlines()[0] == "The router's name becomes ember (was nixie)."


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["nix", "json"])
def test_an_export_is_imported_without_a_difference(nixie: Run, form: list[str]) -> None:
    exported = nixie("export", *form)
    assert exported.exit_code == 0
    told = nixie("import", "-", input=exported.stdout)
    assert told.stdout == "Nothing differs from before.\n"


def test_an_export_is_a_nix_module(nixie: Run) -> None:
    lines = nixie("export", "1").stdout.splitlines()
    assert '      hostname = "nixie";' in lines


def test_the_closed_modules_options_become_a_draft(nixie: Run) -> None:
    assert nixie("import", "-", input=TODAY).exit_code == 0
    assert "The network home over enp2s0, enp3s0" in nixie("review").stdout


def test_what_has_no_counterpart_stops_an_import(nixie: Run) -> None:
    told = nixie("import", "-", input=OLDER)
    assert told.exit_code == 1
    assert "menus: menus are made on the page Menus" in told.stderr
    assert told.stderr.endswith("Nothing was changed. --leave-out goes on without these.\n")
    assert nixie("draft").exit_code == 3


def test_an_import_goes_on_without_it_when_asked(nixie: Run) -> None:
    told = nixie("import", "-", "--leave-out", input=OLDER)
    assert told.exit_code == 0
    assert "Left out: menus: " in told.stderr
    assert "192.168.1.1/24" in nixie("review").stdout


def test_what_nix_would_have_to_compute_is_named_with_its_line(nixie: Run) -> None:
    told = nixie("import", "-", input="{\n  a = pkgs.b;\n}")
    assert (told.exit_code, told.stderr[:28]) == (1, "Line 2: pkgs is no plain val")

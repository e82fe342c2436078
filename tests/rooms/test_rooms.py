"""The house rules that a linter cannot know.  Each failure names the file and the rule."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("appliance", "services", "webui", "hardware")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
DOORS = {
    "serve", "driver", "probe", "client", "live", "open", "follow", "supervise", "assemble",
    "__main__",
}  # fmt: skip
WORLD = {"asyncio", "fcntl", "os", "pyroute2", "random", "shutil", "socket", "subprocess", "time"}
LAZY_STEMS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "types"}
LAZY_ENDINGS = ("Manager", "Helper", "Util", "Utils", "Handler", "Processor", "Wrapper")
FACES = ("webui/api/", "webui/pages/", "appliance/cli/", "appliance/store/migrations/")
SQL = re.compile(
    r"\s*(SELECT .+ FROM|INSERT (OR|INTO)|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA)\b", re.S
)
TABLES = {"errors", "events", "roles", "tables", "installed", "config"}
TOP = {
    "appliance", "webui", "services", "nixos-image", "hardware", "tests", "pyproject.toml",
    "Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "DECISIONS.md", "LICENSE",
    "flake.nix", "flake.lock", "package.json", "package-lock.json", "requirements.lock",
    "requirements-dev.lock", ".ci", ".gitignore", ".npmrc",
}  # fmt: skip


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(tree: ast.Module) -> set[str]:
    """Top-level names of every module the file imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def is_face(path: Path) -> bool:
    """Pages, API routers and command lines: thin, glued to a framework, tested from outside."""
    return named(path).startswith(FACES)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_a_door_touches_the_world(path: Path) -> None:
    if path.stem not in DOORS and not is_face(path):
        assert not imports(ast.parse(path.read_text())) & WORLD


@pytest.mark.parametrize("path", FILES, ids=named)
def test_sql_stays_in_the_store(path: Path) -> None:
    if not named(path).startswith("appliance/store/"):
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if SQL.match(text)]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_module_fits_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400 or path.stem in TABLES


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_module_is_named_after_a_thing_and_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert path.stem not in LAZY_STEMS
    assert ast.get_docstring(tree), "no module docstring"
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if name.endswith(LAZY_ENDINGS)]


def tracked() -> list[str]:
    """The files that git knows, or would add."""
    told = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    return told.stdout.splitlines()


def test_the_top_level_is_the_design_cards() -> None:
    assert {name.partition("/")[0] for name in tracked()} <= TOP


def test_no_file_names_a_registry_or_a_machine_path() -> None:
    wrong = re.compile(
        r"registry\.npmjs|files\.pythonhosted|pypi\.org|deb\.debian\.org|/w[o]rk/|\.lib[r]ary/"
    )
    here = named(Path(__file__))
    assert [
        name
        for name in tracked()
        if name != here
        and (ROOT / name).is_file()
        and wrong.search((ROOT / name).read_text(errors="replace"))
    ] == []


def test_every_template_belongs_to_a_page_of_the_same_name() -> None:
    pages = {path.stem for path in (ROOT / "webui/pages").glob("*.py")}
    templates = {path.stem for path in (ROOT / "webui/templates").glob("[a-z]*.html")}
    assert templates <= pages

"""The house rules that a linter cannot know.  Each failure names the file and the rule."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("appliance", "services", "webui", "hardware")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
DOORS = {
    "serve", "driver", "probe", "client", "live", "open", "follow", "supervise", "assemble",
    "__main__",
}  # fmt: skip
WORLD = {
    "asyncio", "ctypes", "fcntl", "importlib", "multiprocessing", "os", "pyroute2", "random",
    "select", "selectors", "shutil", "socket", "sqlite3", "subprocess", "tempfile", "threading",
    "time",
}  # fmt: skip
FILE_CALLS = {
    "chmod", "exists", "glob", "is_dir", "is_file", "iterdir", "mkdir", "open", "read_bytes",
    "read_text", "readlink", "rglob", "rmdir", "stat", "symlink_to", "unlink", "write_bytes",
    "write_text",
}  # fmt: skip
"""What pathlib's paths do to files; on other objects no core has a method of such a name."""
ALLOWED: dict[str, set[str]] = {
    # Locks of the web role's threads around memory: nothing outside is touched.
    "appliance/actions/passwords.py": {"threading"},
    "appliance/actions/patience.py": {"threading"},
    "appliance/steady.py": {"threading"},
    # Name a connection in their types; who opened it is a door.
    "services/net/keeper.py": {"sqlite3"},
    "services/nix/desk.py": {"sqlite3"},
    "services/nix/inventory.py": {"sqlite3"},
    # Rules over two rows of the store, not over values of the model.
    "appliance/diagnosis.py": {"appliance.store"},
    "tests/services/tftp/test_serve.py": {"setattr"},
}
"""File to what it may use against a rule below, and why."""
THINKING = ("appliance/model/", "appliance/plan/", "appliance/reconcile", "appliance/trial",
            "appliance/diagnosis")  # fmt: skip
GLUE = {
    # Thin: pages and API call them, and are tested from outside.
    "appliance/actions/desk.py", "appliance/actions/hosts.py", "appliance/actions/images.py",
    "appliance/actions/refusals.py",
    "services/nix/desk.py", "services/nix/inventory.py",
    # Tested under another name so far.
    "services/dhcp/offer.py", "services/dhcp/reply.py", "services/nix/complaints.py",
}  # fmt: skip
"""Cores without a test file at the mirrored path."""
LAZY_STEMS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "types"}
LAZY_ENDINGS = ("Manager", "Helper", "Util", "Utils", "Handler", "Processor", "Wrapper")
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


@cache
def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


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


def modules(tree: ast.Module) -> set[str]:
    """Full names of every module the file imports from."""
    return {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }


def called(tree: ast.Module) -> set[str]:
    """Names of every function and method that the file calls."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in functions
        if isinstance(one, ast.Attribute | ast.Name)
    }


def allowed(path: Path) -> set[str]:
    return ALLOWED.get(named(path), set())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_a_door_touches_the_world(path: Path) -> None:
    if path.stem not in DOORS:
        sql = {"sqlite3"} if named(path).startswith("appliance/store/") else set()
        may = allowed(path) | sql  # SQL lives in the store; a connection is handed in
        assert not imports(read(path)) & WORLD - may


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_a_door_reads_a_file(path: Path) -> None:
    if path.stem not in DOORS and not named(path).startswith("appliance/store/migrations/"):
        assert not called(read(path)) & FILE_CALLS - allowed(path)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_assemble_asks_for_the_environment(path: Path) -> None:
    asked = [
        node
        for node in ast.walk(read(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not asked or named(path) == "appliance/assemble.py"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_thinking_knows_no_store(path: Path) -> None:
    if named(path).startswith(THINKING):
        found = {"appliance.store" for name in modules(read(path))
                 if name.startswith("appliance.store")}  # fmt: skip
        assert found <= allowed(path)


CORES = [
    path
    for path in FILES
    if named(path).startswith(("services/", "appliance/actions/", "appliance/plan/"))
    and path.stem not in DOORS
    and ">>> " not in path.read_text()  # its examples are its tests
    and any(isinstance(node, ast.FunctionDef) for node in ast.walk(read(path)))
]


@pytest.mark.parametrize("path", CORES, ids=named)
def test_a_core_has_its_tests_at_the_mirrored_path(path: Path) -> None:
    mirror = ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.name}")
    assert mirror.exists() or named(path) in GLUE


TESTS = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", TESTS, ids=named)
def test_nothing_is_mocked(path: Path) -> None:
    tree = read(path)
    replaced = called(tree) & {"setattr", "MagicMock", "Mock"}
    assert not replaced - allowed(path)
    assert not {name for name in modules(tree) if name.startswith("unittest.mock")}


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
    tree = read(path)
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


def files_with(wrong: re.Pattern[str]) -> list[str]:
    """The files, this one left out, in which `wrong` is found."""
    return [
        name
        for name in tracked()
        if name != named(Path(__file__))
        and (ROOT / name).is_file()
        and wrong.search((ROOT / name).read_text(errors="replace"))
    ]


def test_no_file_names_a_registry_or_a_machine_path() -> None:
    wrong = re.compile(
        r"registry\.npmjs|files\.pythonhosted|pypi\.org|deb\.debian\.org|/w[o]rk/|\.lib[r]ary/"
    )
    assert files_with(wrong) == []


def test_no_merge_was_left_half_done() -> None:
    assert files_with(re.compile(r"^(<{7}|>{7}) ", re.M)) == []


def test_every_template_belongs_to_a_page_of_the_same_name() -> None:
    pages = {path.stem for path in (ROOT / "webui/pages").glob("*.py")}
    templates = {path.stem for path in (ROOT / "webui/templates").glob("[a-z]*.html")}
    assert templates <= pages

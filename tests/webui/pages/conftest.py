"""The pages over real files, asked by a client that is signed in."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from appliance.actions import access
from appliance.actions.desk import Desk
from appliance.model.installed import Installed
from tests.webui.home import desk_of, furnish
from webui.app import application
from webui.guard import COOKIES


@dataclass(frozen=True)
class Home:
    """A furnished (or bare) router: its pages and the ids of what is in it."""

    client: TestClient
    desk: Desk
    ids: dict[str, str]
    state: Path

    def get(self, path: str) -> str:
        """The page at `path`, which must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def post(self, path: str, /, **form: str) -> str:
        """Post a form; returns the page that follows."""
        answer = self.client.post(path, data=form)
        assert answer.status_code in {200, 422}, answer.text
        return str(answer.text)

    def apply(self, seconds: int = 90) -> str:
        """Read the draft and apply it; returns the page that follows."""
        found = dict(re.findall(r'name="(base|seen)" value="(\w+)"', self.get("/changes/review")))
        return self.post("/changes/review", **found, seconds=str(seconds))


def opened(state: Path, ids: dict[str, str]) -> Iterator[Home]:
    desk = desk_of(state)
    code = access.claim_code(desk)
    assert code is not None
    signed = access.claim(desk, code, "four words in a row", name="lena", address="127.0.0.1")
    home = Path("/nowhere")
    installed = Installed(home, home, home, None, home, home, home)
    with TestClient(application(desk, installed), base_url="http://127.0.0.1") as client:
        client.headers["sec-fetch-site"] = "same-origin"
        client.cookies.set(COOKIES[1], signed.cookie)
        yield Home(client, desk, ids, state)
    desk.close()


Furnished = tuple[Path, dict[str, str]]


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A week's files, to be copied."""
    state = tmp_path_factory.mktemp("furnished")
    return state, furnish(state)


@pytest.fixture(scope="module")
def home(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A week old.  Shared by the tests of a file: those that change it use `lived_in`."""
    state = tmp_path_factory.mktemp("home")
    shutil.copytree(furnished[0], state, dirs_exist_ok=True)
    yield from opened(state, furnished[1])


@pytest.fixture
def lived_in(furnished: Furnished, tmp_path: Path) -> Iterator[Home]:
    """The same, for one test."""
    shutil.copytree(furnished[0], tmp_path, dirs_exist_ok=True)
    yield from opened(tmp_path, furnished[1])


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Just claimed: no role but web has started."""
    yield from opened(tmp_path_factory.mktemp("bare"), {})

"""Chromium in front of the real application, over a week's files."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from appliance.actions import access
from appliance.model.installed import Installed
from tests.webui.home import desk_of, furnish
from webui.app import application
from webui.guard import COOKIES

CHROMIUM = shutil.which("chromium")
HOME = Path(os.environ.get("NIXIE_HOME", "/opt/nixie"))
SCRIPTS = HOME / "browser"
PATIENT = 60_000  # ms; machines that test are busy
expect.set_options(timeout=PATIENT)


@dataclass(frozen=True)
class Site:
    """A running admin and what lies behind it."""

    url: str
    cookie: str
    state: Path
    ids: dict[str, str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None or not (SCRIPTS / "htmx.min.js").exists():
        pytest.skip("Chromium and the pages' scripts are installed by set-up")
    with sync_playwright() as started:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def served(state: Path, ids: dict[str, str]) -> Iterator[Site]:
    desk = desk_of(state)
    code = access.claim_code(desk)
    assert code is not None
    signed = access.claim(desk, code, "four words in a row", name="lena", address="127.0.0.1")
    installed = Installed(HOME, HOME, HOME, None, HOME, SCRIPTS, HOME)
    config = uvicorn.Config(
        application(desk, installed), port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", signed.cookie, state, ids)
    server.should_exit = True
    thread.join()
    desk.close()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    state = tmp_path_factory.mktemp("furnished")
    return state, furnish(state)


@pytest.fixture(scope="module")
def site(
    furnished: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Shared by the tests of a file, which only look."""
    state = tmp_path_factory.mktemp("site")
    shutil.copytree(furnished[0], state, dirs_exist_ok=True)
    yield from served(state, furnished[1])


@pytest.fixture
def own_site(furnished: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Site]:
    """For one test, which may change it."""
    shutil.copytree(furnished[0], tmp_path, dirs_exist_ok=True)
    yield from served(tmp_path, furnished[1])


def signed_in(browser: Browser, site: Site, **options: object) -> BrowserContext:
    """A window of the owner's."""
    context = browser.new_context(base_url=site.url, reduced_motion="reduce", **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": COOKIES[1], "value": site.cookie, "url": site.url}])
    context.set_default_timeout(PATIENT)
    return context


def pressed(page: Page, name: str) -> None:
    """Press a button, and wait until its form was answered."""
    with page.expect_response(lambda one: one.request.method == "POST"):
        page.get_by_role("button", name=name).click()


@pytest.fixture
def window(chromium: Browser, own_site: Site) -> Iterator[Page]:
    """One page of the owner's, over files of its own."""
    context = signed_in(chromium, own_site)
    yield context.new_page()
    context.close()

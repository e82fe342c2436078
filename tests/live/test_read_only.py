"""The disk with the state turns read-only, as the kernel makes it when it finds it damaged."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.live.bad_place import Bad, plain, prepared
from tests.live.lan_client import LanClient
from tests.live.namespaces import run
from tests.live.waiting import until

DISK_BYTES = 200 << 20
ERRORS = Path("/sys/fs/ext4")


def able() -> bool:
    """Can this computer mount a file, and have ext4 find an error in it?"""
    known = Path("/proc/filesystems").read_text().split()
    return os.geteuid() == 0 and "ext4" in known and Path("/dev/loop-control").exists()


pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not able(), reason="needs root, ext4, loop devices"),
]


@dataclass(frozen=True)
class Hard:
    """A router whose disk can only be read, a client that had a lease before, and the owner's
    browser, who signed in before."""

    here: Bad
    client: LanClient
    leased: str
    owner: httpx.Client

    @property
    def runs(self) -> list[int]:
        """The processes that web had, one after the other."""
        return runs((self.here.router.home / "lab.log").read_text(), "web")

    def shows(self, path: str) -> str:
        """A page as the owner reads it; "" while nobody answers, or who asks is not known."""
        with suppress(httpx.HTTPError):
            answer = self.owner.get(path)
            return plain(answer.text) if answer.status_code == 200 else ""
        return ""


PASSWORD = "four words in a row"


def browser(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"sec-fetch-site": "same-origin"}, timeout=30)


def claimed(url: str, code: str) -> httpx.Client:
    """The browser of who claimed the router there."""
    owner = browser(url)
    form = {"code": code, "name": "lena", "password": PASSWORD, "again": PASSWORD}
    assert owner.post("/claim", data=form).status_code == 303
    return owner


def harden(disk: Path) -> None:
    """Let ext4 find an error there."""
    device = Path(run("findmnt", "-n", "-o", "SOURCE", str(disk)).strip()).name
    (ERRORS / device / "trigger_fs_error").write_text("1")


@pytest.fixture(scope="module")
def hard() -> Iterator[Hard]:
    with prepared("hard") as router:
        image = router.home / "disk.img"
        with image.open("wb") as file:
            file.truncate(DISK_BYTES)
        run("mkfs.ext4", "-q", "-F", str(image))
        run("mount", "-o", "loop,errors=remount-ro", str(image), str(router.state))
        try:
            (router.state / "store/nix").mkdir(parents=True)
            router.start()
            client = LanClient(router)
            client.plug_in()
            until(client.is_served, "everything is served")
            leased = client.leased()
            code = (router.state / "secrets/web/claim").read_text().strip()
            with closing(claimed(router.url, code)) as owner:
                harden(router.state)
                yield Hard(Bad(router, router.home / "flakes"), client, leased, owner)
        finally:
            router.stop()
            subprocess.run(["umount", "-l", str(router.state)], check=True)


def test_it_is_said(hard: Hard) -> None:
    said = f"The disk with {hard.here.router.state} can only be read"

    def told() -> bool:
        return any(one.startswith(said) for one in hard.here.troubles())

    until(lambda: hard.here.router.answers() and told(), "the trouble is told")


def test_who_has_an_address_keeps_it(hard: Hard) -> None:
    until(lambda: hard.client.leased() == hard.leased, "the lease is renewed")


def test_somebody_new_gets_an_address(hard: Hard) -> None:
    until(lambda: hard.client.leased(number=8).startswith("10.77.0."), "there is a lease")


def test_names_are_answered(hard: Hard) -> None:
    assert hard.client.resolved() == "10.77.0.1"


def test_machines_get_their_script(hard: Hard) -> None:
    until(lambda: hard.client.script().startswith("#!ipxe"), "there is a script")


def runs(log: str, role: str) -> list[int]:
    """The pids that a role had, one after the other; the list on the disk is an old one."""
    return [int(pid) for pid in re.findall(rf"nixie: {role} runs \(pid (\d+)\)", log)]


@pytest.mark.parametrize("role", ["net", "dhcp", "dns", "boot", "wan", "notice", "build", "web"])
def test_a_role_that_is_killed_comes_back(hard: Hard, role: str) -> None:
    log = hard.here.router.home / "lab.log"

    def killed() -> int:
        """How often it had been started; 0 while it is just coming back by itself."""
        before = runs(log.read_text(), role)
        with suppress(ProcessLookupError):
            os.kill(before[-1], signal.SIGKILL)
            return len(before)
        return 0

    before = until(killed, f"{role} is there")
    until(lambda: len(runs(log.read_text(), role)) > before, f"{role} runs again")
    until(hard.client.is_served, "everything is served")


@pytest.fixture(scope="module")
def again(hard: Hard) -> Hard:
    """Web was killed once more, and is back."""
    before = len(hard.runs)
    with suppress(ProcessLookupError):
        os.kill(hard.runs[-1], signal.SIGKILL)
    until(lambda: len(hard.runs) > before, "web runs again")
    until(lambda: hard.shows("/"), "the owner is still signed in")
    return hard


@pytest.mark.parametrize("path", ["/machines", "/networks", "/devices", "/changes", "/system"])
def test_every_page_says_that_nothing_can_be_saved(again: Hard, path: str) -> None:
    shown = again.shows(path)
    assert f"The disk with {again.here.router.state} can only be read" in shown
    assert "no change can be saved" in shown
    assert "Check the disk or take another one, then start again." in shown


def test_the_page_to_sign_in_says_it_too(again: Hard) -> None:
    with browser(again.here.router.url) as other:
        shown = plain(other.get("/login").text)
    assert f"The disk with {again.here.router.state} can only be read" in shown


def test_a_change_is_refused_with_what_to_do(again: Hard) -> None:
    answer = again.owner.post("/api/v1/menus", json={"name": "games", "hosts": []})
    assert answer.status_code == 503
    (said,) = [one["what"] for one in answer.json()["problems"]]
    assert said.startswith("Nothing was changed: the disk with")
    assert said.endswith("take another one, then start the router again.")
    new = {"name": "reader", "scope": "read", "days": None}
    assert again.owner.post("/api/v1/tokens", json=new).json() == answer.json()


def test_somebody_can_still_sign_in(again: Hard) -> None:
    with browser(again.here.router.url) as other:
        form = {"name": "lena", "password": PASSWORD}
        assert other.post("/login", data=form).headers["location"] == "/"
        assert "Signed in as lena" in other.get("/networks").text


def test_the_command_line_is_answered(again: Hard) -> None:
    until(again.here.router.answers, "the box's own socket is there")
    assert again.here.router.client.get("/status")["claimed"]

"""A change on trial that is looked at by IPv6: Review says where it goes, and Keep goes with it."""

import html
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.client import Failed
from appliance.model.ipv6 import ROUTER_SUFFIX, joined
from tests.live.lan_client import LanClient
from tests.live.namespaces import run
from tests.live.standing import Router, standing
from tests.live.waiting import until

pytestmark = pytest.mark.live
SCRIPT = Path(__file__).with_name("six_reader.py")


@dataclass
class Reader:
    """Somebody who looks from the LAN, over one connection."""

    child: "subprocess.Popen[str]"

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and text of the answer; 0 when there is none."""
        assert self.child.stdin
        assert self.child.stdout
        print(json.dumps([method, path, body]), file=self.child.stdin, flush=True)
        status, text = json.loads(self.child.stdout.readline())
        return int(status), str(text)

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, text = self.ask(method, f"/api/v1{path}", body)
        return status, json.loads(text) if status else None


@pytest.fixture(scope="module")
def client() -> Iterator[LanClient]:
    with standing("six", cast=("admin=lan", "machines=none")) as router:
        made = LanClient(router)
        made.plug_in()
        until(made.is_served, "everything is served")
        yield made


@pytest.fixture(scope="module")
def token(client: LanClient) -> str:
    new = {"name": "reader", "scope": "admin", "days": None}
    return str(client.router.client.post("/tokens", new)["secret"])


@pytest.fixture(autouse=True)
def _as_it_was(client: LanClient) -> Iterator[None]:
    yield
    until(client.router.answers, "the API answers")
    if state(client.router) == "on trial":
        change = client.router.client.get("/change")["id"]
        client.router.client.post(f"/change/{change}/undo")
        becomes(client.router, "undone")


@contextmanager
def reading(client: LanClient, host: str, token: str) -> Iterator[Reader]:
    words = ["ip", "netns", "exec", client.namespace, sys.executable, str(SCRIPT), host, token]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe) as child:
        yield Reader(child)


def state(router: Router) -> str:
    """How the newest change stands; "" while the admin is begun anew, for it listens elsewhere."""
    try:
        return str(router.client.get("/change")["state"])
    except Failed:
        router.answers()  # its socket is made anew
        return ""


def becomes(router: Router, what: str) -> None:
    until(lambda: state(router) == what, f"it is {what}")


def is_kept(router: Router, reader: Reader, change: str) -> None:
    """The reader keeps the change, once the admin answers there."""
    until(lambda: reader.api("POST", f"/change/{change}/keep")[0] == 202, "Keep is taken")
    becomes(router, "kept")


def lan6(router: Router) -> IPv6Network:
    """The /64 of our own that the LAN has."""
    return next(IPv6Network(router.client.get("/config")["config"]["ula"]).subnets(new_prefix=64))


def plugged(client: LanClient, subnet: IPv6Network) -> None:
    """The client has ::9 there, too."""
    address = f"{subnet[9]}/64"
    run("ip", "-n", client.namespace, "addr", "replace", address, "dev", "dev0", "nodad")


def near(client: LanClient) -> str:
    """The router's link-local address, as the client writes it."""
    told = client.router.inside("ip", "-6", "-j", "addr", "show", "dev", "br-lan", "scope", "link")
    (found,) = (
        one["local"]
        for row in json.loads(told.stdout)
        for one in row.get("addr_info", ())
        if "local" in one
    )
    return f"{found}%dev0"


def drafted(router: Router, ipv6: dict[str, Any] | None) -> None:
    """The draft gives the LAN this IPv6."""
    config = router.client.get("/config")["config"]
    config["networks"][0]["ipv6"] = ipv6
    router.client.put("/draft", config)


def applied(router: Router, reader: Reader) -> tuple[str, str]:
    """What Review says to the reader, who then applies the draft; and the change."""
    until(lambda: reader.ask("GET", "/changes/review")[0] == 200, "Review can be read")
    _, page = reader.ask("GET", "/changes/review")
    _, draft = reader.api("GET", "/draft")
    path = f"/draft/apply?base={draft['base']}&seen={draft['seen']}&seconds=120"
    status, done = reader.api("POST", path)
    assert status == 202, done
    becomes(router, "on trial")
    return html.unescape(page), done["wish"]


def as_before(router: Router) -> None:
    """The LAN has IPv6 as the lab has it."""
    config = router.client.get("/config")["config"]
    config["networks"][0]["ipv6"] = {}
    change = router.client.post("/config", config)["wish"]
    becomes(router, "on trial")
    until(lambda: is_kept_here(router, change), "Keep is taken")
    becomes(router, "kept")


def is_kept_here(router: Router, change: str) -> bool:
    """Keep it on the box itself; False while the admin does not answer."""
    try:
        router.client.post(f"/change/{change}/keep")
    except Failed:
        router.answers()
        return False
    return True


@dataclass(frozen=True)
class Numbers:
    """The router's IPv6 address on the LAN before and after its number becomes 7."""

    before: IPv6Network
    after: IPv6Network

    @property
    def old(self) -> str:
        return str(joined(self.before, ROUTER_SUFFIX))

    @property
    def new(self) -> str:
        return str(joined(self.after, ROUTER_SUFFIX))


@pytest.fixture
def numbers(client: LanClient) -> Numbers:
    """The client is in the prefix from before."""
    before = lan6(client.router)
    plugged(client, before)
    return Numbers(before, IPv6Network((int(before.network_address) + (7 << 64), 64)))


def six(router: Router) -> set[str]:
    """The router's IPv6 addresses of our own on the LAN."""
    told = router.inside("ip", "-6", "-j", "addr", "show", "dev", "br-lan", "scope", "global")
    rows = (one for row in json.loads(told.stdout) for one in row.get("addr_info", ()))
    return {one["local"] for one in rows if "local" in one}


def test_another_number_is_kept_at_the_new_address(
    client: LanClient, token: str, numbers: Numbers
) -> None:
    router = client.router
    with reading(client, numbers.old, token) as reader:
        drafted(router, {"subnet": 7})
        page, change = applied(router, reader)
        assert f"You came from {numbers.before}, which lan loses: this page moves to" in page
        assert f"moves to https://[{numbers.new}] or https://10.77.0.1." in page
    plugged(client, numbers.after)
    with reading(client, numbers.new, token) as reader:
        is_kept(router, reader, change)
    until(lambda: six(router) == {numbers.new}, "the old address is gone")
    as_before(router)


def test_at_the_old_ipv6_address_the_change_is_not_kept(
    client: LanClient, token: str, numbers: Numbers
) -> None:
    router = client.router
    with reading(client, numbers.old, token) as reader:
        drafted(router, {"subnet": 7})
        page, change = applied(router, reader)
        assert f"{numbers.old} answers, too, until you keep or undo the change." in page
    with reading(client, numbers.old, token) as reader:
        until(lambda: reader.api("GET", "/change")[0] == 200, "the old address answers")
        status, told = reader.api("POST", f"/change/{change}/keep")
        assert (status, f"Keep is taken at {numbers.new}" in str(told)) == (409, True)
        _, page = reader.ask("GET", "/changes")
        assert f"https://[{numbers.new}]/keep/" in page
    assert state(router) == "on trial"


def test_at_the_old_ipv6_address_the_change_has_more_time(
    client: LanClient, token: str, numbers: Numbers
) -> None:
    router = client.router
    with reading(client, numbers.old, token) as reader:
        drafted(router, {"subnet": 7})
        _, change = applied(router, reader)
    with reading(client, numbers.old, token) as reader:
        until(lambda: reader.api("GET", "/change")[0] == 200, "the old address answers")
        ends_at = reader.api("GET", "/change")[1]["ends_at"]
        assert reader.api("POST", f"/change/{change}/extend?seconds=600")[0] == 202
        until(lambda: reader.api("GET", "/change")[1]["ends_at"] > ends_at + 100, "later")


def test_at_the_old_ipv6_address_the_change_is_undone(
    client: LanClient, token: str, numbers: Numbers
) -> None:
    router = client.router
    with reading(client, numbers.old, token) as reader:
        drafted(router, {"subnet": 7})
        _, change = applied(router, reader)
    assert six(router) == {numbers.old, numbers.new}
    with reading(client, numbers.old, token) as reader:
        until(lambda: reader.api("POST", f"/change/{change}/undo")[0] == 202, "undone")
    becomes(router, "undone")
    assert six(router) == {numbers.old}


def test_ipv6_that_goes_is_not_kept_over_ipv6(client: LanClient, token: str) -> None:
    router = client.router
    with reading(client, near(client), token) as reader:
        drafted(router, None)
        page, change = applied(router, reader)
        assert "You came by IPv6, which lan loses: this page moves to https://10.77.0.1." in page
        status, told = reader.api("POST", f"/change/{change}/keep")
        assert (status == 409 and "Keep is taken at 10.77.0.1" in str(told)) or status == 0
        becomes(router, "on trial")
    with reading(client, "10.77.0.1", token) as reader:
        is_kept(router, reader, change)
    as_before(router)

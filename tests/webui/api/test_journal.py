"""What roles say, as a program follows it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.events import (
    BootLooping,
    DriftRepaired,
    Event,
    ForeignServer,
    ForeignServerGone,
    LeaseDeclined,
    LinkMissing,
    PoolEmpty,
    RevisionRefused,
    RevisionUndone,
    WishRefused,
)
from appliance.events import say as say_so
from appliance.store import boots, builds, journal, leases, trials
from appliance.store.open import writer
from tests.webui.conftest import Admin, judged

__all__ = ("judged",)

API = "/api/v1"
FILES = {"net": trials, "leases": leases, "build": builds, "boot": boots}
MAC = "52:54:00:12:34:56"
SAID: tuple[tuple[str, Event], ...] = (
    ("leases", ForeignServer("lan", "10.77.0.254", MAC)),
    ("net", RevisionRefused(2, "the port enp9s0 is not there.")),
    ("leases", PoolEmpty("lan", MAC, 100, 100)),
    ("net", RevisionUndone(3, "nobody kept it.")),
    ("build", WishRefused("w", "ember waits in the queue already.")),
    ("net", LinkMissing("lan", "enp2s0")),
    ("leases", LeaseDeclined("lan", MAC, "10.77.0.100")),
    ("net", DriftRepaired("the address 10.77.0.1/24 is set on br-lan.")),
    ("leases", BootLooping("lan", MAC, "snponly.efi")),
)


def say(state: Path, file: str, event: Event, at: float | None = None) -> None:
    """Write an event as its role would."""
    with closing(writer(state / f"{file}.db", FILES[file].MIGRATIONS)) as connection:
        moment = time.time() if at is None else at
        if file == "leases":
            leases.commit(connection, (), (event,), moment)
        else:
            journal.append(connection, event, moment)


@pytest.fixture
def local(admin: Admin) -> Iterator[httpx.Client]:
    with admin.local() as client:
        yield client


@pytest.fixture
def told(admin: Admin) -> Admin:
    """An admin whose other roles have said a lot, a second each."""
    began = time.time() - len(SAID)
    for seconds, (file, event) in enumerate(SAID):
        say(admin.state, file, event, began + seconds)
    return admin


def asked(client: httpx.Client, **query: Any) -> Any:
    answer = client.get(f"{API}/journal", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("told")
def test_every_role_is_heard_newest_first(local: httpx.Client) -> None:
    events = asked(local)["events"]
    assert [(one["file"], one["kind"]) for one in events] == [
        (file, type(event).__name__) for file, event in reversed(SAID)
    ]
    assert events[-1]["what"] == say_so(SAID[0][1])
    assert events[-1]["facts"]["server"] == "10.77.0.254"


@pytest.mark.usefixtures("told")
def test_the_journal_is_read_backwards_piece_by_piece(local: httpx.Client) -> None:
    seen: list[tuple[str, int]] = []
    page = asked(local, limit=2)
    while page["older"]:
        seen += [(one["file"], one["id"]) for one in page["events"]]
        page = asked(local, limit=2, before=page["older"])
    seen += [(one["file"], one["id"]) for one in page["events"]]
    assert len(seen) == len(set(seen)) == len(SAID)


def test_the_journal_is_followed_without_a_gap(told: Admin, local: httpx.Client) -> None:
    place = asked(local, limit=1)["newer"]
    assert asked(local, after=place)["events"] == []
    say(told.state, "leases", ForeignServerGone("lan", "10.77.0.254"))
    local.put(f"{API}/networks/*/default", json={"kind": "nothing"})
    page = asked(local, after=place)
    assert [one["kind"] for one in page["events"]] == ["MachineActed", "ForeignServerGone"]
    assert asked(local, after=page["newer"])["events"] == []


@pytest.mark.usefixtures("told")
def test_kinds_are_chosen(local: httpx.Client) -> None:
    chosen = asked(local, kind=["PoolEmpty", "LinkMissing"])["events"]
    assert [one["kind"] for one in chosen] == ["LinkMissing", "PoolEmpty"]


@pytest.mark.usefixtures("told")
def test_a_moment_is_chosen(local: httpx.Client) -> None:
    whole = asked(local)["events"]
    assert asked(local, since=whole[2]["at"])["events"] == whole[:3]


def test_the_status_names_what_is_wrong_now(told: Admin, local: httpx.Client) -> None:
    troubles = local.get(f"{API}/status").json()["troubles"]
    assert say_so(PoolEmpty("lan", MAC, 100, 100)) in troubles
    assert "enp2s0, a port of lan, is not there." in troubles
    assert any("10.77.0.254" in one for one in troubles)
    say(told.state, "leases", ForeignServerGone("lan", "10.77.0.254"))
    troubles = local.get(f"{API}/status").json()["troubles"]
    assert not any("10.77.0.254" in one for one in troubles)


def test_a_refused_build_is_told_to_who_asked(
    admin: Admin, local: httpx.Client, judged: Callable[[str, str], str]
) -> None:
    source = local.post(f"{API}/sources", json={"url": "github:owner/hosts"}).json()["subject"]
    judged(source, "ember")
    wish = local.post(f"{API}/hosts/{source}/ember/build").json()["wish"]
    assert local.get(f"{API}/wishes/{wish}").json()["state"] == "waiting"
    say(admin.state, "build", WishRefused(wish, "ember waits in the queue already."))
    found = local.get(f"{API}/wishes/{wish}").json()
    assert (found["state"], found["what"]) == ("refused", "ember waits in the queue already.")
    assert (found["role"], found["kind"]) == ("build", "build")
    assert found["answered_at"] >= found["asked_at"]

"""Strangers' flakes that attack: one for each row of what evaluation and builds could be used for.

`ROWS` says of each what holds it, and the event by which its owner learns of it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from appliance.actions import sources
from appliance.errors import Refused
from appliance.store import builds
from tests.live.attack_room import FLAKES, NAS, Attacked, attacked
from tests.live.nix_place import NIX, OWNER
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]


@dataclass(frozen=True)
class Row:
    """What becomes of a flake: its host's `verdict`, what its `build` ends as, and what is said.

    `event` tells of it: of the host, of the build, or of what was held back on its way.
    """

    verdict: str
    says: str
    event: str = "HostJudged"
    build: str = ""


BAD, GOOD, BUILD, HELD = "not-bootable", "native", "BuildEnded", "SourceHeldBack"
ROWS: Mapping[str, Row] = {
    "reads-files": Row(BAD, "It reads /etc, which is outside the flake"),
    "leaves-the-store": Row(BAD, "It reads /etc, which is outside the flake"),
    "asks-the-environment": Row(GOOD, ""),
    "fetches-while-evaluated": Row(BAD, ""),
    "path-input": Row(BAD, "lies on the computer where the flake was locked"),
    "input-at-home": Row(BAD, "inside your own network"),
    "redirected-home": Row(BAD, "It needs an input that is not here", HELD),
    "rebound-home": Row(BAD, "It needs an input that is not here"),
    "own-settings": Row(GOOD, "hostname", BUILD, "failed"),
    "builds-while-evaluated": Row(BAD, "import"),
    "build-reaches-home": Row(GOOD, "192.0.2.1 says HTTP/1.0 200", HELD, "failed"),
    "fetcher-reaches-home": Row(GOOD, "squashfs-fetched", HELD, "failed"),
    "leaves-the-sandbox": Row(GOOD, "noChroot", BUILD, "failed"),
    "reads-the-router": Row(GOOD, "/etc/hostname", BUILD, "failed"),
    "set-uid": Row(GOOD, "chmod", BUILD, "failed"),
    "evaluates-for-ever": Row(BAD, "longer than"),
    "overflows": Row(BAD, "stack overflow"),
    "eats-memory": Row(BAD, "memory"),
    "floods-the-log": Row(GOOD, "log", BUILD, "failed"),
    "never-ends": Row(GOOD, "printed nothing for 5 s", BUILD, "failed"),
    "evil-name": Row(BAD, "Its name holds characters that Nixie does not take"),
    "evil-command-line": Row(BAD, "line break or a control character"),
    "evil-variable": Row(BAD, "${…}, which iPXE would replace"),
}


@pytest.fixture(scope="module")
def here() -> Iterator[Attacked]:
    """One router that all of them attack, one after the other."""
    options = {"look_seconds": 10.0, "look_bytes": 1 << 30}
    with attacked(options=options, log_bytes=1 << 20, silent_seconds=5) as room:
        yield room


@pytest.fixture(scope="module")
def added(here: Attacked) -> Mapping[str, str]:
    """Row → source."""
    return {row: here.add(row) for row in ROWS}


def test_there_is_a_flake_for_every_row() -> None:
    assert {one.name for one in (FLAKES / "attacks").iterdir()} == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_it_is_refused_or_contained(here: Attacked, added: Mapping[str, str], row: str) -> None:
    expected, source = ROWS[row], added[row]
    state = here.place.settled(source)
    assert (state.state, state.what) == ("ready", "")
    (verdict,) = here.place.verdicts(source).values()
    assert verdict.kind == expected.verdict, verdict.reason
    said = str(verdict.reason)
    if expected.verdict == GOOD:
        assert here.place.builds(f"{source}/host") == []  # nobody asked for it
    if expected.build:
        ended = here.build(source)
        assert ended.state == expected.build, ended.what
        said = ended.what + here.place.log(ended)
    assert expected.says in said or expected.says in findings(here, source), said
    until(lambda: _told(here, source, expected.event), f"{expected.event} tells of it")


def _told(here: Attacked, source: str, event: str) -> bool:
    if event == HELD:
        return bool(here.strays(source))
    about = [one for one in here.place.events() if type(one).__name__ == event]
    return any(one.host.startswith(f"{source}/") for one in about)


def findings(here: Attacked, source: str) -> str:
    rows: Any = here.place.look(lambda it: builds.revisions(it, source))
    return " ".join(one.what for row in rows for one in row.findings)


# ── what each would have got ──────────────────────────────────────────────────────────────────────


def test_the_nas_was_asked_by_nobody(here: Attacked, added: Mapping[str, str]) -> None:
    for row in ROWS:
        here.place.settled(added[row])
    asked = [line for line in here.heard("nas") if not line.startswith("/ready")]
    assert asked == []


def test_the_internet_was_asked_as_it_should(here: Attacked, added: Mapping[str, str]) -> None:
    here.place.settled(added["redirected-home"])
    paths = {line.split()[0] for line in here.heard("internet")}
    assert {"/redirect.tar.gz", "/built"} <= paths


def test_a_build_that_reached_out_is_named(here: Attacked, added: Mapping[str, str]) -> None:
    told = "\n".join(here.strays(added["build-reaches-home"]))
    for target in (f"{NAS}, port 8000", "10.77.0.1, port 8000", "127.0.0.1, port 8000",
                   "169.254.169.254, port 8000"):  # fmt: skip
        assert target in told
    assert "Builds reach the internet only" in told


def test_no_variable_of_the_router_is_in_a_command_line(
    here: Attacked, added: Mapping[str, str]
) -> None:
    here.place.settled(added["asks-the-environment"])
    recipe: Any = here.place.look(
        lambda it: it.execute(
            "SELECT recipe FROM verdict WHERE source = ?", (added["asks-the-environment"],)
        ).fetchone()
    )
    assert '"leaked=."' in recipe[0]


def test_a_strangers_source_may_not_ask_for_a_building_look(here: Attacked) -> None:
    with pytest.raises(Refused, match="builds nothing while it is looked at"):
        here.add("builds-while-evaluated", allow_ifd=True)


def test_a_key_is_not_used_for_a_source_that_became_a_strangers(here: Attacked) -> None:
    source = here.place.add("http://192.0.2.1:8000/private.tar.gz", reach=[], name="private")
    here.fill()
    desk = here.place.desk
    sources.set_source_credential(desk, OWNER, source, kind="token", secret="canary-token")
    here.place.refresh(source)
    assert any("/private" in line and "canary" not in line for line in here.heard("internet"))
    until(lambda: _with_key(here), "its key is used while it is the owner's", 20)
    before = len(here.heard("internet"))
    sources.edit_source(desk, OWNER, source, trust="stranger")
    here.place.refresh(source)
    after = here.heard("internet")[before:]
    assert after
    assert not any(line.split()[1] != "-" for line in after)


def _with_key(here: Attacked) -> bool:
    return any("/private" in line and line.split()[1] != "-" for line in here.heard("internet"))

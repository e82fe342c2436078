"""Leases under a clock that is set: they end neither sooner nor, while the machine runs, later."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from appliance.steady import NOTE_SECONDS, STEP_SECONDS, Frame, Steady, missed
from appliance.store.leases import MIGRATIONS, commit, frame, leases, move, stored
from services.dhcp.lease import BOUND, Lease
from services.dhcp.rows import lease, row

MAC = bytes.fromhex("525400123456")
NOW, LASTS = 1_800_000_000.0, 3_600.0
YEARS = 40 * 365 * 86_400.0


@dataclass
class Machine:
    """A router with one lease, whose clock anybody may set; `true` is the time that it really is,
    and `off` how long it was switched off."""

    ledger: sqlite3.Connection
    true: float = 0.0
    up: float = 1_000.0
    wall: float = NOW
    off: float = 0.0
    boots: int = 0
    steady: Steady = field(init=False)

    def __post_init__(self) -> None:
        self.starts()
        held = Lease(174_915_684, MAC, b"h" + MAC)
        held.state, held.given_at = BOUND, self.steady.now(self.up)
        held.ends_at = held.given_at + LASTS
        commit(self.ledger, [row("lan", held, self.steady.step)], [], self.wall)

    def starts(self) -> None:
        """The role begins."""
        self.steady, before = Steady(self.up, self.wall), frame(self.ledger)
        self._note(missed(Frame(*before) if before else None, str(self.boots), self.up, self.wall))

    def passes(self, seconds: float) -> None:
        """Time goes by, and the role looks."""
        self.true, self.up, self.wall = self.true + seconds, self.up + seconds, self.wall + seconds
        self.looks()

    def looks(self) -> None:
        if moved := self.steady.moved(self.up, self.wall):
            self._note(moved)
        elif self.wall - frame_of(self.ledger).at >= NOTE_SECONDS:
            self._note(0.0)

    def is_set(self, seconds: float, *, away: bool) -> None:
        """Somebody sets the clock, perhaps while the role is away."""
        self.wall += seconds
        self.starts() if away else self.looks()

    def is_switched_off(self, seconds: float, wall: float) -> None:
        """The power goes for so long; then the clock shows whatever it shows."""
        self.true, self.off = self.true + seconds, self.off + seconds
        self.up, self.wall, self.boots = 5.0, wall, self.boots + 1
        self.starts()

    def happens(self, what: str, seconds: float, *, away: bool, shown: float = 0.0) -> None:
        """One of SET, PASSES and OFF; after a power cut the clock shows something near `shown`."""
        if what == "set":
            self.is_set(seconds, away=away)
        elif what == "passes":
            self.passes(seconds)
        else:
            self.is_switched_off(seconds, shown + seconds / 2)

    def lives(self) -> tuple[float, float]:
        """How long the lease still lasts: as the role judges it, as others read it by the clock."""
        (one,) = stored(self.ledger, ["lan"])
        held = lease(one, int(LASTS), self.steady.step)
        (seen,) = leases(self.ledger)
        return held.ends_at - self.steady.now(self.up), seen.ends_at - self.wall

    def _note(self, moved: float) -> None:
        move(self.ledger, moved, str(self.boots), self.steady.ahead, self.wall)


def frame_of(ledger: sqlite3.Connection) -> Frame:
    found = frame(ledger)
    assert found
    return Frame(*found)


def memory() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    for script in MIGRATIONS:
        made.executescript(script)
    return made


SET = st.tuples(st.just("set"), st.floats(-YEARS, YEARS), st.booleans())
PASSES = st.tuples(st.just("passes"), st.floats(0, 500), st.booleans())
OFF = st.tuples(st.just("off"), st.floats(0, YEARS), st.booleans())


@given(st.lists(st.one_of(SET, PASSES), max_size=12))
def test_a_clock_that_is_set_neither_ends_nor_prolongs_a_lease(
    happened: list[tuple[str, float, bool]],
) -> None:
    with closing(memory()) as ledger:
        here = Machine(ledger)
        for what, seconds, away in happened:
            here.happens(what, seconds, away=away)
            for left in here.lives():
                assert abs(left - (LASTS - here.true)) < STEP_SECONDS * (len(happened) + 1)


@given(st.lists(st.one_of(SET, PASSES, OFF), max_size=12), st.sampled_from([0.0, NOW, 4 * NOW]))
def test_a_power_cut_ends_no_lease_whatever_the_clock_shows_then(
    happened: list[tuple[str, float, bool]], shown: float
) -> None:
    with closing(memory()) as ledger:
        here = Machine(ledger)
        for what, seconds, away in happened:
            here.happens(what, seconds, away=away, shown=shown)
            slack = STEP_SECONDS * (len(happened) + 1)
            for left in here.lives():
                assert left > LASTS - here.true - slack
                assert left < LASTS - (here.true - here.off) + here.boots * NOTE_SECONDS + slack


def test_seconds_between_two_looks_are_no_step() -> None:
    steady = Steady(10.0, NOW)
    assert steady.moved(11.0, NOW + 1.0 + STEP_SECONDS / 2) == 0.0
    assert steady.step == 0.0


def test_many_small_steps_are_one_in_the_end() -> None:
    steady = Steady(0.0, NOW)
    found = [steady.moved(0.0, NOW + n) for n in (1.0, 1.9, 2.5)]
    assert found == [0.0, 0.0, 2.5]
    assert steady.moved(0.0, NOW + 2.5) == 0.0

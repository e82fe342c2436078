"""Builders that evaluate flakes; over a real sshd."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.actions import builders
from appliance.events import BuilderLost
from appliance.model.builders import Said, authorized
from appliance.store import build_facts, outlooks
from appliance.store.builder_states import LOST, READY, UNFIT
from tests.live.attack_room import REPAIRED
from tests.live.builder_place import USER
from tests.live.builder_room import (
    NEEDS,
    ready,
    sourced,
    state,
    steps,
    told,
    tried,
)
from tests.live.nix_place import OWNER, ROLE, Place, place
from tests.live.waiting import until

pytestmark = NEEDS


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def test_a_builder_evaluates_and_its_derivations_come_home(here: Place) -> None:
    with ready(here, "mind", evaluates=True) as (mind, _):
        source = sourced(here, "ember", "throws", stamp="elsewhere")
        assert here.settled(source).what == ""
        found = here.verdicts(source)
        assert (found["ember"].kind, found["throws"].kind) == ("native", "not-bootable")
        tree = here.look(lambda it: build_facts.look(it, f"{source}/ember")).recipe["drvs"][
            "kernel"
        ]
        assert mind.has(tree)
        assert here.store.file(tree).exists()
        _, held = here.look(outlooks.evaluations)[f"{source}/ember"]
        assert held == 0  # of this router's memory
        row = here.built(f"{source}/ember")
        assert (row.state, row.builder) == ("built", "mind"), row.what


def test_an_evaluation_elsewhere_says_the_same_as_here(here: Place) -> None:
    names = ("ember", "two", "throws")
    ours = sourced(here, *names, stamp="the same")
    here.settled(ours)
    with ready(here, "mind", evaluates=True):
        theirs = sourced(here, *names, stamp="the same")
        here.settled(theirs)
    told = [
        {name: (one.kind, one.reason, one.system) for name, one in here.verdicts(it).items()}
        for it in (ours, theirs)
    ]
    assert told[0] == told[1]
    for name in ("ember", "two"):
        recipes = [
            here.look(lambda file, it=it: build_facts.look(file, it)).recipe
            for it in (f"{ours}/{name}", f"{theirs}/{name}")
        ]
        assert recipes[0] == recipes[1]


def test_who_evaluates_is_let_in_for_that_alone(here: Place, tmp_path: Path) -> None:
    with ready(here, "mind", evaluates=True) as (mind, ident):
        key = tmp_path / "key"
        key.write_bytes((here.state / "secrets/build" / ident).read_bytes())
        key.chmod(0o600)
        options = ["-F", "none", "-i", str(key), "-o", "StrictHostKeyChecking=no"]
        options += ["-o", f"UserKnownHostsFile={tmp_path / 'known'}", "-p", str(mind.port)]

        def says(expression: str) -> tuple[int, str]:
            words = ["ssh", *options, f"{USER}@127.0.0.1", expression]
            done = subprocess.run(words, capture_output=True, input="", text=True, timeout=60)
            return done.returncode, done.stdout.strip()

        assert says("6 * 7") == (0, "42")
        for wrong in (
            "builtins.readFile /etc/passwd",
            'builtins.getEnv "PATH" + builtins.readFile "/etc/hostname"',
            'import (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh";'
            ' args = [ "-c" "echo 1 > $out" ]; })',
        ):
            code, out = says(wrong)
            assert (code, out) == (1, ""), wrong
        for shell in ("; id", "$(id)", "`id`", "echo a shell", '" ; id; "'):
            assert "uid=" not in says(shell)[1]
            assert "a shell" not in says(shell)[1]


def test_a_line_of_before_does_not_let_it_evaluate(here: Place) -> None:
    with ready(here, "mind") as (mind, ident):
        said = Said("mind", "127.0.0.1", mind.port, USER, evaluates=True)
        found = tried(here, builders.save_builder(here.desk, OWNER, ident, said))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("evaluate", "bad"))
        assert found.what.startswith("mind does not evaluate for the router. Put the router's line")
        mind.let_in(authorized(found.public_key, evaluates=True))
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert (found.state, steps(found)[-1]) == (READY, ("evaluate", "ok"))


def test_a_strangers_flake_is_not_evaluated_where_there_is_a_network() -> None:
    with place(role=False) as made:
        made.start_role(REPAIRED + ROLE)
        with ready(made, "mind", evaluates=True) as (mind, _):
            source = sourced(made, "ember", stamp="strange", trust="stranger")
            assert made.settled(source).what == ""
            look = made.look(lambda it: build_facts.look(it, f"{source}/ember"))
            assert not mind.has(look.recipe["drvs"]["kernel"])


def test_what_an_evaluator_does_when_its_link_is_cut_is_done_here(here: Place) -> None:
    count = "builtins.foldl' ({0}: {1}: {2}) 0 (builtins.genList (x: x) 3000)"
    inner = count.format("a", "b", "a + b")
    long = f"echo ${{toString ({count.format('c', 'd', f'c + ({inner})')})}} > $out"
    with ready(here, "mind", evaluates=True) as (mind, ident):
        source = sourced(here, "ember", stamp="cut", parts={"squashfsStore": long})
        until(lambda: any("nix eval" in one for one in mind.asked()), "it evaluates there")
        mind.freeze(on=True)
        try:
            until(lambda: told(here, BuilderLost, ident), "mind is missed")
            assert here.settled(source).state == "ready"
        finally:
            mind.freeze(on=False)
        assert here.verdicts(source)["ember"].kind == "native"


def test_when_the_evaluator_is_gone_it_is_done_here(here: Place) -> None:
    with ready(here, "mind", evaluates=True) as (mind, ident):
        mind.stop_sshd()
        source = sourced(here, "ember", stamp="alone again")
        assert here.settled(source).state == "ready"
        assert here.verdicts(source)["ember"].kind == "native"
        assert state(here, ident).state == LOST

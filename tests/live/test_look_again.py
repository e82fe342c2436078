"""When a source is looked at again, and what is built again, with real Nix and a real daemon."""

import os
from collections.abc import Iterator

import pytest

from appliance.actions import images, sources
from appliance.store import builds
from tests.live.git_server import commit, git
from tests.live.nix_place import NIX, OWNER, ROLE, Place, place
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

DAY = 86_400
FAST = ROLE.replace(
    "queue.PAUSE_SECONDS = 0.2",
    """
import time
began = time.time()
serve.now = lambda: began + 60 * (time.time() - began)
""",
)
"""A build role for which a minute goes by in a second."""


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="module")
def fast() -> Iterator[Place]:
    with place(role=False) as made:
        made.start_role(FAST)
        yield made


def revisions(here: Place, source: str) -> list[builds.RevisionRow]:
    return here.look(lambda it: builds.revisions(it, source))


# ── when ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_is_looked_at_by_itself_when_its_interval_is_over(fast: Place) -> None:
    folder = fast.flake("timed", flake("ember"))
    source = fast.add(f"path:{folder}", interval_seconds=60)
    fast.settled(source)
    (folder / "README").write_text("Something new.")
    until(lambda: len(revisions(fast, source)) == 2, "the change is seen without being asked for")


def test_a_shorter_interval_holds_from_now_on(fast: Place) -> None:
    folder = fast.flake("hastened", flake("ember"))
    source = fast.add(f"path:{folder}", interval_seconds=30 * DAY)
    row = fast.settled(source)
    assert row.next_at - row.checked_at > 20 * DAY
    sources.edit_source(fast.desk, OWNER, source, interval_seconds=60)
    (folder / "README").write_text("Something new.")
    until(lambda: len(revisions(fast, source)) == 2, "the change is seen without being asked for")


def test_a_source_that_is_only_looked_at_when_asked_has_no_next_look(here: Place) -> None:
    source = here.add(f"path:{here.flake('asked', flake('ember'))}", interval_seconds=DAY)
    assert here.settled(source).next_at is not None
    sources.edit_source(here.desk, OWNER, source, interval_seconds=0)
    until(lambda: here.source(source).next_at is None, "no look is planned any more")


def test_everybody_who_asks_while_it_is_looked_at_has_an_answer(here: Place) -> None:
    source = here.add(f"path:{here.flake('eager', flake('ember'))}")
    here.settled(source)
    wishes = {sources.refresh_source(here.desk, OWNER, source).wish for _ in range(4)}

    def answered() -> bool:
        return wishes <= {getattr(one, "wish", None) for one in here.events()}

    until(answered, "each is answered")


def test_a_nix_that_comes_later_is_found() -> None:
    with place(role=False) as made:
        late = made.folder / "late"
        named = f"nix = Path({str(late / 'nix')!r})\ninstalled = "
        made.start_role(ROLE.replace("installed = ", named))
        source = made.add(f"path:{made.flake('late', flake('ember'))}")
        row = made.settled(source)
        assert (row.state, row.what.partition(":")[0]) == ("unreadable", "Nix is missing")
        late.symlink_to(made.store.nix.parent)
        made.refresh(source)
        row = made.settled(source)
        assert (row.state, row.what) == ("ready", "")
        assert made.built(f"{source}/ember").state == "built"


# ── what is new ───────────────────────────────────────────────────────────────────────────────────


def test_a_commit_without_changes_is_a_revision_that_builds_nothing(here: Place) -> None:
    folder = here.flake("empty-commit", flake("ember"))
    commit(folder)
    source = here.add(f"git+file://{folder}")
    here.built(f"{source}/ember")
    git(folder, "commit", "-q", "--allow-empty", "-m", "nothing")
    fresh = git(folder, "rev-parse", "HEAD")
    assert here.refresh(source).endswith(f"→ {fresh[:7]}, with the same files.")
    assert revisions(here, source)[0].rev == fresh
    assert len(here.builds(f"{source}/ember")) == 1


def test_a_host_that_uses_its_commit_is_built_for_each(here: Place) -> None:
    folder = here.flake("own-commit", flake("ember", stamp="${self.rev}"))
    commit(folder)
    source = here.add(f"git+file://{folder}")
    here.built(f"{source}/ember")
    git(folder, "commit", "-q", "--allow-empty", "-m", "nothing")
    here.refresh(source)
    until(lambda: len(here.generations(f"{source}/ember")) == 2, "a second generation")
    assert here.generations(f"{source}/ember")[0].rev == git(folder, "rev-parse", "HEAD")


# ── what is built again ───────────────────────────────────────────────────────────────────────────


def only_as_built(name: str) -> dict[str, str | bytes]:
    """A flake whose one host fails once it is extended."""
    files = flake("ember", stamp=name)
    files["flake.nix"] = (
        str(files["flake.nix"])
        .replace("extendModules = _: me;", "extendModules = _: changes.extended or me;")
        .replace(
            'ember = host "ember" { };',
            'ember = host "ember" { extended = host "ember" { build.kernel = run "kernel-of-fails" '
            '"exit 3"; }; };',
        )
    )
    return files


def test_a_failed_host_is_built_when_it_is_served_as_built(here: Place) -> None:
    source = here.add(f"path:{here.flake('as-built-later', only_as_built('later'))}")
    host = f"{source}/ember"
    assert here.built(host).state == "failed"
    sources.edit_source(here.desk, OWNER, source, as_built=True)
    until(lambda: len(here.builds(host)) == 2, "it is built without being asked for")
    assert here.built(host).state == "built"


def test_a_cancelled_build_is_not_taken_up_by_another_commit(here: Place) -> None:
    folder = here.flake("cancelled", flake("slow", stamp="cancelled"))
    source = here.add(f"path:{folder}")
    host = f"{source}/slow"
    row = until(lambda: next(iter(here.builds(host)), None), "the build is there")
    images.cancel_build(here.desk, OWNER, row.id)
    assert here.built(host).state == "cancelled"
    (folder / "README").write_text("Only words changed.")
    assert here.refresh(source).startswith("Revision ")
    assert len(here.builds(host)) == 1

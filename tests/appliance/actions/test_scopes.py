"""Who may do each act, who may take it back, who may do it again."""

import ast
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.actions import (
    access,
    acts,
    builders,
    caches,
    changes,
    devices,
    draft,
    files,
    generations,
    identities,
    images,
    internet,
    machines,
    menus,
    names,
    networks,
    notices,
    once,
    outside,
    public_names,
    pushes,
    router,
    sources,
    storage,
    traces,
    wake,
    webhooks,
)
from appliance.actions.desk import Actor, Desk
from appliance.actions.refusals import Forbidden, Unknown
from appliance.generations import FAILURES
from appliance.model.builders import Said
from appliance.model.caches import Said as SaidOfCache
from appliance.model.config import RouterConfig
from appliance.model.files import BootFile, FilesHost
from appliance.model.images import image_to_json
from appliance.model.pushed import Piece, Pushed
from appliance.model.wan import Wan
from appliance.plan.slices import cut
from appliance.store import boots, builder_states, builds, trials
from appliance.store import generations as generation_store
from appliance.store import identities as identity_store
from appliance.store.builder_states import BuilderState
from appliance.store.devices import DeviceRow, write_devices
from appliance.store.identities import Ask, Identity
from appliance.store.open import writer
from appliance.store.trials import Ended, Kept, PortRow, TrialRow
from tests.appliance.actions.conftest import HELPER, OWNER, VIEWER, Judge
from tests.services.netboot.made import image
from tests.webui.memory import remembering

ROOT = Path(__file__).parents[3]
MAC, OTHER = "52:54:00:12:34:56", "52:54:00:12:34:57"
CARD = "52:54:00:12:34:58"
LAN = {"name": "lan", "bridge": "br-lan", "ports": [], "address": "10.77.0.1/24"}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
CONFIG = {"networks": [LAN]}
PING = traces.Typed("lan", "", "router", "", "icmp", None)
ALL = {"read": VIEWER, "write": HELPER, "admin": OWNER}

RESCUE = FilesHost(
    "rescue",
    "x86_64-linux",
    "linux",
    "",
    (BootFile("kernel", "k", "ab" * 32, "https://files.example/k"),),
)

Do = Callable[[Desk, Actor], object]


@dataclass(frozen=True)
class Deed:
    """One act: the least scope it needs, how it is done, and whether undo brings rows back."""

    scope: str
    do: Do
    undoable: bool = True


def channel(desk: Desk, actor: Actor) -> str:
    """The id of somewhere to tell, added now."""
    url = {"url": "https://ntfy.example/router"}
    return notices.save_channel(desk, actor, "", "ntfy", "phone", url, ["boot"]).subject


def public_name(desk: Desk, actor: Actor) -> str:
    """The id of a name that follows, added now."""
    said = ("home.example.org", "dyn", {"user": "u"}, "secret")
    with remembering(desk.reads.state, "notice", [True]):
        return public_names.save_name(desk, actor, "", *said).subject


def builder(desk: Desk, actor: Actor) -> str:
    """The id of a builder, added now."""
    return builders.save_builder(desk, actor, "", Said("kiln", "kiln.lan")).subject


def closed_webhook(desk: Desk, actor: Actor) -> object:
    """The webhook of a source, opened and closed again."""
    webhooks.open_webhook(desk, OWNER, "hosts")
    return webhooks.close_webhook(desk, actor, "hosts")


def pushed(desk: Desk, actor: Actor) -> object:
    """A host that came from elsewhere."""
    (desk.reads.state / "pushed").mkdir(exist_ok=True)
    piece = Piece(f"/nix/store/{'a' * 32}-kernel", "0" * 64, 1)
    return pushes.push_host(desk, actor, Pushed("ember", {}, (piece,)))


def shown(desk: Desk, actor: Actor) -> str:
    """The id of a builder that is known by what it showed."""
    ident = builder(desk, OWNER)
    with closing(writer(desk.reads.state / "build.db", builds.MIGRATIONS)) as connection:
        builder_states.stands(connection, BuilderState(ident, shown_key=HOST_KEY))
    return builders.trust_host_key(desk, actor, ident, HOST_KEY).subject


def cache(desk: Desk, actor: Actor) -> str:
    """The id of a cache, added now."""
    said = SaidOfCache("https://cache.lan", f"lan-1:{'A' * 43}=")
    return caches.save_cache(desk, actor, "", said).subject


def on_cache(deed: str, what: str = "") -> Do:
    """A deed with a cache that the owner just added."""
    return lambda d, a: caches.act_on_cache(d, a, cache(d, OWNER), deed, what)


def _keeping(desk: Desk) -> Desk:
    identities.keep_identity(desk, OWNER, "desk-1")
    return desk


def _asked(desk: Desk) -> Desk:
    """desk-1 is known by a key, and asks for it."""
    (machine,) = (one.id for one in desk.reads.machines() if one.name == "desk-1")
    at = desk.now()
    ask = Ask("a1", machine, "lan", MAC, "", "", b"", "681312", "waiting", "", at, at)
    with closing(writer(desk.reads.state / "boot.db", boots.MIGRATIONS)) as connection:
        identity_store.save(connection, Identity(machine, "router", HOST_KEY, "", at))
        identity_store.save_ask(connection, ask)
    return desk


DEEDS: Mapping[str, Deed] = {
    "save_builder": Deed("admin", builder),
    "trust_host_key": Deed("admin", shown),
    "try_builder": Deed(
        "admin", lambda d, a: builders.try_builder(d, a, builder(d, OWNER)), undoable=False
    ),
    "enable_builder": Deed(
        "admin", lambda d, a: builders.enable_builder(d, a, builder(d, OWNER), on=False)
    ),
    "remove_builder": Deed("admin", lambda d, a: builders.remove_builder(d, a, builder(d, OWNER))),
    "save_cache": Deed("admin", cache),
    "try_cache": Deed("admin", on_cache("try"), undoable=False),
    "ask_cache": Deed("admin", on_cache("has", f"/nix/store/{'k' * 32}-x"), undoable=False),
    "move_cache": Deed("admin", on_cache("up")),
    "enable_cache": Deed("admin", on_cache("off")),
    "remove_cache": Deed("admin", on_cache("remove")),
    "keep_generations": Deed("write", lambda d, a: storage.keep_generations(d, a, 3)),
    "clear_garbage": Deed("write", storage.clear_garbage, undoable=False),
    "put_files": Deed("write", lambda d, a: files.put_files(d, a, RESCUE)),
    "send_file": Deed("write", lambda d, a: files.sending(d, a), undoable=False),
    "save_public_name": Deed("admin", public_name),
    "remove_public_name": Deed(
        "admin", lambda d, a: public_names.remove_name(d, a, public_name(d, OWNER))
    ),
    "publish_public_name": Deed(
        "admin",
        lambda d, a: public_names.publish_now(d, a, public_name(d, OWNER)),
        undoable=False,
    ),
    "save_channel": Deed("admin", channel),
    "remove_channel": Deed("admin", lambda d, a: notices.remove_channel(d, a, channel(d, OWNER))),
    "try_channel": Deed(
        "admin", lambda d, a: notices.try_channel(d, a, channel(d, OWNER)), undoable=False
    ),
    "has_secret": Deed(
        "admin", lambda d, a: notices.has_secret(d, a, channel(d, OWNER)), undoable=False
    ),
    "pause_blocking": Deed("write", lambda d, a: names.pause_blocking(d, a, 5), undoable=False),
    "trace_packets": Deed(
        "admin",
        lambda d, a: traces.trace(_with_draft(d), a, PING),
        undoable=False,
    ),
    "stop_trace": Deed("admin", traces.stop, undoable=False),
    "note_questions": Deed("admin", lambda d, a: names.note_questions(d, a, 15), undoable=False),
    "look_up": Deed("write", lambda d, a: names.look_up(d, a, "a.example"), undoable=False),
    "resume_blocking": Deed("write", names.resume_blocking, undoable=False),
    "add_source": Deed("write", lambda d, a: sources.add_source(d, a, "github:new/flakes")),
    "edit_source": Deed("write", lambda d, a: sources.edit_source(d, a, "hosts", as_built=True)),
    "remove_source": Deed("write", lambda d, a: sources.remove_source(d, a, "hosts")),
    "push_host": Deed("admin", pushed, undoable=False),
    "refresh_source": Deed(
        "write", lambda d, a: sources.refresh_source(d, a, "hosts"), undoable=False
    ),
    "set_source_credential": Deed(
        "admin",
        lambda d, a: sources.set_source_credential(d, a, "hosts", kind="token", secret="abcd"),
    ),
    "open_webhook": Deed("admin", lambda d, a: webhooks.open_webhook(d, a, "hosts")[0]),
    "close_webhook": Deed("admin", closed_webhook),
    "allow_directory": Deed("admin", lambda d, a: sources.allow_directory(d, a, "/etc")),
    "forbid_directory": Deed("admin", lambda d, a: sources.forbid_directory(d, a, "/srv/flakes")),
    "build_host": Deed("write", lambda d, a: images.build_host(d, a, "ember"), undoable=False),
    "cancel_build": Deed("write", lambda d, a: images.cancel_build(d, a, "b1"), undoable=False),
    "retry_build": Deed("write", lambda d, a: images.retry_build(d, a, "b2"), undoable=False),
    "pin_generation": Deed(
        "write",
        lambda d, a: generations.pin_generation(_pinned(d), a, "ember", 1),
        undoable=False,
    ),
    "unpin_generation": Deed(
        "write",
        lambda d, a: generations.unpin_generation(_pinned(d), a, "ember"),
        undoable=False,
    ),
    "roll_back": Deed(
        "write", lambda d, a: generations.roll_back(_pinned(d), a, "ember"), undoable=False
    ),
    "try_again": Deed(
        "write", lambda d, a: generations.try_again(_pinned(d), a, "ember", 2), undoable=False
    ),
    "add_machine": Deed("write", lambda d, a: machines.add_machine(d, a, OTHER)),
    "add_mac": Deed("write", lambda d, a: machines.add_mac(d, a, "desk-1", OTHER)),
    "rename_machine": Deed("write", lambda d, a: machines.rename_machine(d, a, "desk-1", "desk-3")),
    "assign_machine": Deed(
        "write", lambda d, a: machines.assign_machine(d, a, "desk-1", intent="local")
    ),
    "hold_machine": Deed("write", lambda d, a: machines.hold_machine(d, a, "desk-1")),
    "release_machine": Deed("write", lambda d, a: machines.release_machine(d, a, "desk-2")),
    "once_again": Deed("write", lambda d, a: once.again(d, a, "desk-4")),
    "once_dropped": Deed("write", lambda d, a: once.drop(d, a, "desk-4")),
    "wake_machine": Deed("write", lambda d, a: wake.wake_machine(d, a, "desk-1"), undoable=False),
    "wait_for_newest": Deed("write", lambda d, a: machines.wait_for_newest(d, a, "desk-1", 600)),
    "remove_machine": Deed("write", lambda d, a: machines.remove_machine(d, a, "desk-1")),
    "keep_identity": Deed("write", lambda d, a: identities.keep_identity(d, a, "desk-1")),
    "leave_identity": Deed(
        "write", lambda d, a: identities.leave_identity(_keeping(d), a, "desk-1")
    ),
    "renew_machine_id": Deed("write", lambda d, a: identities.renew_machine_id(d, a, "desk-1")),
    "approve_identity": Deed(
        "admin",
        lambda d, a: identities.approve_identity(_asked(d), a, "desk-1", "681312"),
        undoable=False,
    ),
    "refuse_identity": Deed(
        "write",
        lambda d, a: identities.refuse_identity(_asked(d), a, "desk-1", "681312"),
        undoable=False,
    ),
    "forget_identity": Deed(
        "admin", lambda d, a: identities.forget_identity(_asked(d), a, "desk-1"), undoable=False
    ),
    "forget_held": Deed(
        "write", lambda d, a: machines.forget_held(d, a, "lan", OTHER), undoable=False
    ),
    "make_menu": Deed("write", lambda d, a: menus.make_menu(d, a, "cellar", ["ember"])),
    "edit_menu": Deed("write", lambda d, a: menus.edit_menu(d, a, "workshop", rollbacks=2)),
    "remove_menu": Deed("write", lambda d, a: menus.remove_menu(d, a, "workshop")),
    "set_network_default": Deed(
        "write", lambda d, a: networks.set_network_default(d, a, "*", "nothing")
    ),
    "rename_device": Deed("write", lambda d, a: devices.rename_device(_met(d), a, CARD, "tablet")),
    "block_devices": Deed(
        "write", lambda d, a: devices.block_devices(_met(d), a, [CARD], "always")
    ),
    "admit_devices": Deed("write", lambda d, a: devices.admit_devices(_met(d), a, [CARD])),
    "unblock_devices": Deed("write", lambda d, a: devices.unblock_devices(_met(d), a, [CARD])),
    "keep_provider_password": Deed(
        "admin", lambda d, a: router.keep_password(d, a, "secret"), undoable=False
    ),
    "renew_internet": Deed("write", lambda d, a: internet.renew(_online(d), a), undoable=False),
    "search_internet": Deed("write", lambda d, a: internet.search(_online(d), a), undoable=False),
    "look_from_outside": Deed("write", lambda d, a: outside.look(_online(d), a), undoable=False),
    "propose_revision": Deed(
        "admin", lambda d, a: changes.propose_revision(d, a, CONFIG), undoable=False
    ),
    "edit_draft": Deed("admin", lambda d, a: _drafted(d, a)),
    "discard_draft": Deed("admin", lambda d, a: draft.discard(_with_draft(d), a)),
    "apply_draft": Deed(
        "admin",
        lambda d, a: draft.apply(_with_draft(d), a, base=1, seen=_seen(d), seconds=90),
        undoable=False,
    ),
    "revert_revision": Deed(
        "admin", lambda d, a: changes.revert(d, a, _kept_before(d)), undoable=False
    ),
    "keep_change": Deed("admin", lambda d, a: changes.keep(d, a, _tried(d)), undoable=False),
    "undo_change": Deed("admin", lambda d, a: changes.take_back(d, a, _tried(d)), undoable=False),
    "extend_change": Deed("admin", lambda d, a: changes.extend(d, a, _tried(d)), undoable=False),
    "history": Deed("read", lambda d, a: changes.history(d, a), undoable=False),
    "make_token": Deed("admin", lambda d, a: access.make_token(d, a, "watch"), undoable=False),
    "revoke_token": Deed(
        "admin", lambda d, a: access.revoke_token(d, a, _token(d)), undoable=False
    ),
    "tokens": Deed("admin", lambda d, a: access.tokens(d, a), undoable=False),
    "check_url": Deed(
        "read", lambda d, a: sources.check_url(d, a, "github:one/two"), undoable=False
    ),
    "review": Deed("read", lambda d, a: changes.review(d, a, CONFIG), undoable=False),
    "recent": Deed("read", lambda d, a: acts.recent(d, a), undoable=False),
}
"""Every verb, but for `undo`, which needs what it takes back needed."""

UNDOABLE = sorted(verb for verb, deed in DEEDS.items() if deed.undoable)


@pytest.fixture
def lived_in(desk: Desk, judge: Judge, tmp_path: Path) -> Desk:
    """A desk with one of everything that the deeds are about."""
    source = sources.add_source(desk, OWNER, "github:owner/hosts").subject
    judge(source, "ember")
    sources.allow_directory(desk, OWNER, "/srv/flakes")
    machines.assign_machine(desk, OWNER, MAC, host="ember", name="desk-1")
    machines.assign_machine(desk, OWNER, "52:54:00:00:00:09", host="ember", name="desk-2")
    machines.hold_machine(desk, OWNER, "desk-2")
    once_on = {"host": "ember", "once": "rescue", "name": "desk-4"}
    machines.assign_machine(desk, OWNER, "52:54:00:00:00:0a", **once_on)
    menus.make_menu(desk, OWNER, "workshop", ["ember"])
    connection = writer(tmp_path / "build.db", builds.MIGRATIONS)
    for ident, state in (("b1", "running"), ("b2", "failed")):
        connection.execute(
            "INSERT INTO build (id, host, source, name, revision, state, why, queued_at)"
            " VALUES (?, ?, ?, 'ember', 1, ?, 'asked', 1)",
            (ident, f"{source}/ember", source, state),
        )
    connection.close()
    return desk


def _token(desk: Desk) -> str:
    return access.make_token(desk, OWNER, "old").id


def _tried(desk: Desk) -> str:
    """The id of a change that is on trial, as net would have it."""
    with closing(writer(desk.reads.state / "net.db", trials.MIGRATIONS)) as net:
        trials.write_trial(
            net, TrialRow(1, "pending", 0.0, 90.0, "{}", "change", "owner", "", {}, desk.now() + 90)
        )
    return "change"


def _met(desk: Desk) -> Desk:
    """A desk that knows a device, which is blocked."""
    if desk.reads.device_views() == []:
        with closing(writer(desk.reads.state / "net.db", trials.MIGRATIONS)) as connection:
            row = DeviceRow(CARD, "lan", "ember", "", "", (), 1.0, 2.0, here=True)
            write_devices(connection, [row], ())
        devices.block_devices(desk, OWNER, [CARD], "until 1900000000")
    return desk


def _pinned(desk: Desk) -> Desk:
    """A desk whose host ember has a good generation, and a bad one that is pinned."""
    (host,) = (one.host for one in desk.reads.verdicts() if one.name == "ember")
    good, bad = image(number=1), image(number=2)
    folder = desk.reads.state / "published/images"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        closing(writer(desk.reads.state / "build.db", builds.MIGRATIONS)) as build,
        closing(writer(desk.reads.state / "boot.db", boots.MIGRATIONS)) as boot,
    ):
        for number, one, state in ((1, good, "good"), (2, bad, "trial")):
            build.execute(
                "INSERT OR REPLACE INTO generation VALUES (?, ?, ?, '{}', ?, 1, 1, '', '', 'null')",
                (host, number, one.id, state),
            )
            (folder / f"{one.id}.json").write_text(json.dumps(image_to_json(one)))
        for _ in range(FAILURES):
            generation_store.count_failure(boot, bad.id, "m1", "b1", 1.0)
        generation_store.pin(boot, host, bad.id, 1.0)
    return desk


def _online(desk: Desk) -> Desk:
    """A desk whose router has a port to the internet."""
    with closing(writer(desk.reads.state / "net.db", trials.MIGRATIONS)) as connection:
        trials.publish(connection, cut(RouterConfig((), Wan("eth0")), 1, {}), 0.0)
        trials.write_ports(connection, (PortRow("eth0", MAC, True, "wan"),), 0.0)
    return desk


def _drafted(desk: Desk, actor: Actor) -> object:
    """A first configuration, and a change of it that is not applied."""
    if changes.present(desk) is None:
        changes.propose_revision(desk, OWNER, CONFIG)
    return draft.edit(desk, actor, lambda one: replace(one, hostname="two"), "Its name is two.")


def _with_draft(desk: Desk) -> Desk:
    _drafted(desk, OWNER)
    return desk


def _seen(desk: Desk) -> str:
    found = draft.current(desk)
    assert found
    return found.seen


def _kept_before(desk: Desk) -> int:
    """The number of a revision that was kept once and is not in force."""
    number = int(changes.propose_revision(desk, OWNER, CONFIG).subject)
    with closing(writer(desk.reads.state / "net.db", trials.MIGRATIONS)) as net:
        trials.write_ended(net, Ended(number, "kept", "", 0.0))
        trials.write_kept(net, Kept(number + 1, "{}", 0.0))
    return number


def verbs() -> set[str]:
    """Every verb that an action asks permission for, read from the code."""
    found = set()
    for path in (ROOT / "appliance/actions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"act": 2, "permit": 3}.get(node.func.id)
                verb = node.args[place] if place and len(node.args) > place else None
                if isinstance(verb, ast.Constant):
                    found.add(str(verb.value))
    return found


def test_every_act_is_in_the_table() -> None:
    assert verbs() == {*DEEDS, "undo"}


@pytest.mark.parametrize("verb", DEEDS)
@pytest.mark.parametrize("scope", ALL)
def test_an_act_is_done_by_whoever_has_its_scope(lived_in: Desk, verb: str, scope: str) -> None:
    deed, actor = DEEDS[verb], ALL[scope]
    if actor.may(deed.scope):
        deed.do(lived_in, actor)
    else:
        with pytest.raises(Forbidden):
            deed.do(lived_in, actor)


def newest(desk: Desk) -> str:
    """The id of the last act, and that it can be taken back."""
    row = acts.recent(desk, OWNER, 1)[0]
    assert row.undoable
    return row.id


@pytest.mark.parametrize("verb", UNDOABLE)
def test_undo_needs_what_the_act_needed_however_often(lived_in: Desk, verb: str) -> None:
    deed = DEEDS[verb]
    deed.do(lived_in, OWNER)
    for _ in ("undo", "redo", "undo"):
        act = newest(lived_in)
        for actor in ALL.values():
            if not actor.may(deed.scope):
                with pytest.raises(Forbidden):
                    acts.undo(lived_in, actor, act)
        least = ALL[deed.scope]
        acts.undo(lived_in, least, act)


def test_a_write_token_does_not_bring_back_a_directory(desk: Desk) -> None:
    """The very steps of the finding: allowed, taken back, done again by somebody smaller."""
    sources.allow_directory(desk, OWNER, "/etc")
    undone = acts.undo(desk, OWNER)
    token = access.by_token(desk, access.make_token(desk, OWNER, "ci", "write").secret, "")
    assert token is not None
    with pytest.raises(Forbidden, match="it needs the scope 'admin'"):
        acts.undo(desk, token, undone.act)
    assert desk.reads.allowed_directories() == []


def test_a_token_called_like_its_owner_undoes_only_its_own(desk: Desk) -> None:
    code = access.claim_code(desk) or ""
    lena = access.claim(desk, code, "four words in a row", name="lena").actor
    token = access.by_token(desk, access.make_token(desk, lena, "lena", "write").secret, "")
    assert token is not None
    machines.add_machine(desk, lena, MAC, name="desk-1")
    with pytest.raises(Unknown, match="nothing to take back"):
        acts.undo(desk, token)
    machines.add_machine(desk, token, OTHER, name="desk-2")
    assert acts.undo(desk, lena).what == "Taken back: desk-1 is a machine now."
    kinds = [(row.actor, row.actor_kind) for row in acts.recent(desk, lena, 3)]
    assert kinds == [("lena", "user"), ("lena", "token"), ("lena", "user")]

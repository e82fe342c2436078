"""DOOR: what U-Boot fetches by TFTP, and what is written down about it.

The configuration is made from the same decision as an iPXE script, with a token that opens the
files it names to the machine's address and to nobody else.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.model.fit import INSIDE, Fit
from appliance.model.images import Literal, Part, Segment, StoreFile
from appliance.model.kernels import HEAD_BYTES, Seen, seen
from services.netboot.architecture import kind_of
from services.netboot.attempt import Attempt, Step
from services.netboot.choice import Decision, Deny, Hold, Local, Page, Run, Show, image_key
from services.netboot.deciding.driver import Deciding
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.grants.driver import Grants
from services.netboot.held.driver import Held
from services.netboot.menu import keys
from services.netboot.script import Urls
from services.netboot.session import checked, chosen, fitted
from services.netboot.uboot import boot_script, labels, names
from services.netboot.uboot.config import Label, config, sentences
from services.netboot.uboot.labels import Boot
from services.tftp.driver import Found
from services.tftp.serve import Fetch
from services.tftp.transfer import End
from services.tftp.wire import NOT_FOUND

FIRMWARE = "uboot"
UNKNOWN = f"{'0' * 36}.{'0' * 24}"
"""As long as the id and the secret of a boot that has none yet."""
MENUS_REMEMBERED = 1024
SENT = frozenset({End.SENT, End.UNCONFIRMED})


class UBoot:
    """Machines that start by U-Boot; `refresh` reads what other roles have just written."""

    def __init__(self, world: World, recorder: Recorder, refresh: Callable[[], None]) -> None:
        self._world = world
        self._recorder = recorder
        self._refresh = refresh
        self._grants = Grants(recorder)
        self._held = Held(recorder)
        self._deciding = Deciding(world, recorder)
        self._script = boot_script.image()
        self._entry: dict[str, str] = {}
        self._running: dict[tuple[str, str, str], list[tuple[Attempt, Step, Part]]] = {}

    def look(self, link: str, client: str, name: str, asked: names.Asked) -> Found | None:
        """What is served under a name of ours, None for who may not have it."""
        known = self._world.networks.get(link)
        mac = self._world.mac_of(known.name, client) if known else None
        if known is None or mac is None:
            return None
        try:
            match asked:
                case names.Script():
                    return self._script
                case names.Config():
                    base = f"http://{known.address.ip}"
                    return self._config(known.name, client, base, mac) if asked.mac == mac else None
                case names.File():
                    who = (known.name, client, mac)
                    return self._file((link, client, name), who, asked)
        except sqlite3.Error:  # a full disk: the machine asks again
            return None

    def reached(self, link: str, client: str, name: str, sent: int) -> None:
        """A file is on its way, and its machine has `sent` bytes of it."""
        running = self._running.get((link, client, name), [])
        counts = shares([part.size for _, _, part in running], sent)
        for (attempt, step, _), count in zip(running, counts, strict=True):
            self._recorder.part_reached(attempt, step, count)

    def fetched(self, fetch: Fetch) -> bool:
        """A request is over; was it one whose steps are kept here?"""
        running = self._running.pop((fetch.link, fetch.client, fetch.name), None)
        if running is None:
            return isinstance(names.asked(fetch.name), names.Config) and fetch.end is not None
        counts = shares([part.size for _, _, part in running], fetch.sent)
        for (attempt, step, part), count in zip(running, counts, strict=True):
            step.bytes = count
            step.status = "ok" if fetch.end in SENT else "aborted"
            if fetch.code == NOT_FOUND and fetch.end is None:
                step.status = "missing"
            step.detail |= {"resends": fetch.resends, "block_size": fetch.block_size}
            self._recorder.part_ended(attempt, step, part)
        return True

    # ── the configuration ────────────────────────────────────────────────────────────────────────

    def _config(self, network: str, client: str, base: str, mac: str) -> bytes | None:
        self._refresh()
        self._recorder.flush()  # a boot that just fell short counts
        before = self._recorder.attempts.current(network, mac)
        if before is None or not before.firmware.startswith(FIRMWARE):
            return None
        facts: dict[str, Any] = {}
        decision = self._deciding.decided(network, mac, facts)
        if not isinstance(decision, Hold):
            self._held.released(network, mac)
        told = self._deciding.told(base, network, mac, UNKNOWN)
        boot = Boot(Urls(base, mac, "0" * 24), told)
        decision = self._suited(decision, before.facts, boot)
        was_held = before.state == "held"
        record = chosen(decision, self._world.table, network, mac)
        attempt = self._recorder.scripted(network, mac, record, facts)
        if attempt is not before:  # the same power-on, after an end that was none
            attempt.firmware = before.firmware
            attempt.facts.setdefault("arch_code", before.facts.get("arch_code"))
        if was_held and isinstance(decision, Hold):
            self._recorder.waited(attempt)
        return self._told(attempt, client, base, decision).encode()

    def _suited(self, decision: Decision, facts: dict[str, Any], boot: Boot) -> Decision:
        code = facts.get("arch_code")
        decision = checked(decision, kind_of("", code if isinstance(code, int) else None))
        if not isinstance(decision, Run):
            return decision
        decision = fitted(decision, facts)
        assert isinstance(decision, Run)
        image = decision.image
        kernel = _seen(next((one for one in image.parts if one.purpose == "kernel"), None))
        if kernel is None:
            what = f"The image of {image.name} is not on this router's disk any more."
            return Page(what, "Build it again on the page of its source.", reason="pruned")
        return labels.suited(replace(decision, with_tree=True), boot, kernel)

    def _told(self, attempt: Attempt, client: str, base: str, decision: Decision) -> str:
        match decision:
            case Run() | Show():
                return self._granted(attempt, client, base, decision)
            case Hold():
                code = attempt.facts["code"] = self._held.code(attempt)
                self._recorder.touched(attempt)
                return config(
                    sentences(
                        f"Nixie does not know yet what this machine ({attempt.mac}) shall boot.",
                        f"Its code is {code}",
                        f"Open {base} and give the machine with this code a host.",
                    )
                )
            case Page():
                return config(sentences(f"Nixie: {decision.why}", decision.way_out, f"See {base}"))
            case Local():
                said = "Nixie: this machine starts from its own disk"
            case Deny():
                said = "Nixie: this machine does not boot from this network."
            case _:
                said = "Nixie: there is no shell for U-Boot but its own."
        return config((Label("local", said, local=True),))

    def _granted(self, attempt: Attempt, client: str, base: str, decision: Run | Show) -> str:
        """The configuration with a new token, which is stored before anybody sees it."""
        row, secret = self._grants.token_for(attempt, client)
        boot = Boot(
            Urls(base, attempt.mac, row.token),
            self._deciding.told(base, attempt.network, attempt.mac, f"{attempt.id}.{secret}"),
        )
        if isinstance(decision, Run):
            said = f"Nixie: {decision.host.name}, generation {decision.generation.number}"
            text, images = config((labels.label(decision, boot, said),)), (decision.image.id,)
            self._grants.keep(replace(row, images=images))
            return text
        entries, opened = self._entries(attempt, boot, decision)
        self._grants.keep(replace(row, images=opened, menu=tuple(sorted(keys(decision)))))
        menu = decision.menu
        return config(
            entries,
            title=f"Nixie: {menu.name}",
            default=decision.default,
            seconds=menu.timeout_seconds,
        )

    def _entries(
        self, attempt: Attempt, boot: Boot, shown: Show
    ) -> tuple[tuple[Label, ...], tuple[str, ...]]:
        """A menu's labels, and the images that they name."""
        made, opened = [], []
        offered = keys(shown)
        for entry in (*shown.entries, *shown.earlier):
            decision = self._deciding.picked(attempt.network, attempt.mac, entry.key, offered)
            suited = self._suited(decision, attempt.facts, boot)
            if isinstance(suited, Run):
                made.append(labels.label(suited, boot, entry.label))
                opened.append(suited.image.id)
            elif isinstance(suited, Page):
                made.append(Label(entry.key, f"{entry.label}: {suited.why}", back=True))
        waiting = tuple(replace(one, back=True) for one in sentences(*shown.waiting))
        local = Label("local", "Start from the local disk", local=True)
        return (*made, *waiting, local), tuple(opened)

    # ── an image's files ─────────────────────────────────────────────────────────────────────────

    def _file(
        self, place: tuple[str, str, str], who: tuple[str, str, str], asked: names.File
    ) -> Found | None:
        row = self._grants.opened_by(asked.token, who, place[2])
        if row is None:
            return None
        found = (self._world.image(one) for one in row.images if image_key(one) == asked.key)
        image = next((one for one in found if one is not None), None)
        parts = labels.parts(image, asked.what) if image else ()
        if image is None or not parts:
            return None
        attempt = self._recorder.attempts.by_id(row.boot)
        if row.menu and self._taken(row.token, asked.key) != asked.key:
            return None
        if attempt is not None:
            if attempt.image != image.id and asked.key in row.menu:
                self._picked(attempt, asked, frozenset(row.menu))
            self._running[place] = self._begun(attempt, parts, self._running.get(place))
        return joined(parts)

    def _taken(self, token: str, key: str) -> str:
        """The one entry of a menu that its token opens: U-Boot would try the others after it."""
        taken = self._entry.setdefault(token, key)
        while len(self._entry) > MENUS_REMEMBERED:
            self._entry.pop(next(iter(self._entry)))
        return taken

    def _picked(self, attempt: Attempt, asked: names.File, offered: frozenset[str]) -> None:
        decision = self._deciding.picked(attempt.network, attempt.mac, asked.key, offered)
        if not isinstance(decision, Run):
            return
        thin = asked.what == names.RAMDISK
        fits = Fit(True, "Its first stage fetches the store.") if thin else INSIDE
        run = replace(decision, with_tree=True, fits=fits)
        record = chosen(run, self._world.table, attempt.network, attempt.mac)
        self._recorder.picked(attempt, asked.key, record)

    def _begun(
        self,
        attempt: Attempt,
        parts: tuple[Part, ...],
        before: list[tuple[Attempt, Step, Part]] | None,
    ) -> list[tuple[Attempt, Step, Part]]:
        """Steps for parts on their way; a request that was sent again goes on with its own."""
        if before and before[0][0] is attempt:
            return before
        return [
            (attempt, self._recorder.part_began(attempt, part.name, part.size), part)
            for part in parts
        ]


def joined(parts: tuple[Part, ...]) -> tuple[Segment, ...]:
    """Parts as one file: the kernel reads ramdisks one after the other, each from a multiple of 4.

    >>> [one.size for one in joined((Part("initrd", "a", 3, "", (Literal(b"abc"),)),) * 2)]
    [3, 1, 3, 1]
    """
    if len(parts) == 1:
        return parts[0].segments
    found: list[Segment] = []
    for part in parts:
        found += part.segments
        if part.size % 4:
            found.append(Literal(bytes(-part.size % 4)))
    return tuple(found)


def shares(sizes: Sequence[int], sent: int) -> list[int]:
    """What of `sent` bytes belongs to parts of these sizes, which go one after the other.

    >>> shares([3, 5, 2], 6)
    [3, 3, 0]
    """
    return [max(0, min(size, sent - sum(sizes[:at]))) for at, size in enumerate(sizes)]


def _seen(kernel: Part | None) -> Seen | None:
    """What a kernel is by its first bytes, None when they cannot be read."""
    first = kernel.segments[0] if kernel and kernel.segments else None
    if not isinstance(first, StoreFile):
        return seen(first.content[:HEAD_BYTES]) if first else None
    try:
        with Path(first.file).open("rb") as opened:
            opened.seek(first.offset)
            return seen(opened.read(HEAD_BYTES))
    except OSError:
        return None

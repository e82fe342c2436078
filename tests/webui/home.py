"""A state directory as it looks after a week at home: real files, written by their own schemas.

Two sources, five hosts, four machines, two that wait, boots that went well and one that fell short,
builds of every state.  `NOW` is the moment everything is looked at.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from appliance.actions import changes, devices, machines, menus, networks, sources
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.events import (
    DriftRepaired,
    ImagePublished,
    RevisionApplied,
    SourceChanged,
    WanFound,
    WanUp,
)
from appliance.generations import FAILURES
from appliance.model import read
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.images import Image, Part, Provenance, image_to_json
from appliance.model.lan_cache import PLACE, CacheFacts, to_json
from appliance.model.outlook import BAD, OK, Need, Outlook
from appliance.model.outside import Seen, Socket
from appliance.model.storage import Choice, Storage
from appliance.model.wan import Wan
from appliance.model.way import Held, Lease, Stand, Way
from appliance.plan.slices import cut
from appliance.store import (
    boots,
    builds,
    generations,
    journal,
    leases,
    names,
    outlooks,
    revisions,
    storages,
    trials,
    ways,
)
from appliance.store.open import writer
from appliance.store.people import SCOPES
from services.nix.publish.driver import write
from tests.webui.household import TABLET, furnish_devices

NOW = 1_773_609_247.0  # Sunday 15 March 2026, 21:14:07 UTC
OWNER = Actor("lena", SCOPES["admin"], "session", "10.77.0.2")
MIB = 1024 * 1024
DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0

ANVIL, EMBER, TONGS, KILN = (f"52:54:00:00:00:0{n}" for n in range(1, 5))
STRANGER, PI = "b4:2e:99:a7:10:5c", "dc:a6:32:0b:7e:91"


CONFIG = RouterConfig(
    networks=(
        Network(
            name="lan",
            bridge="br-lan",
            ports=("enp2s0",),
            address=IPv4Interface("10.77.0.1/24"),
            dhcp=Dhcp(Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))),
        ),
    ),
    wan=Wan("enp1s0"),
)
GATEWAY = IPv4Address("203.0.113.1")
PROVIDED = Lease(
    IPv4Interface("203.0.113.5/24"),
    GATEWAY,
    gateways=(GATEWAY,),
    name_servers=(GATEWAY,),
    domain="isp.example",
    lease_seconds=3600,
)


def desk_of(state: Path, now: float = NOW) -> Desk:
    """A desk whose clock stands still."""
    opened = open_desk(state, Passwords(memory_kib=64, rounds=1))
    return replace(opened, now=lambda: now)


CACHE = CacheFacts(f"nixie-0a1b2c3d:{'A' * 43}=", "/", 1_204, 9_000_000_000)
"""What `build` gives away."""


def furnish(state: Path, now: float = NOW) -> dict[str, str]:
    """Fill `state`; returns ids by name: sources, hosts, machines, boots, builds."""
    ids = _inventory(state, now)
    _builds(state, ids, now)
    _give(state, ids, now)
    _boots(state, ids, now)
    _network(state, now)
    _way(state, now)
    ids["image"] = _image(state, ids, now)
    write(state / PLACE, to_json(CACHE))
    return ids


def _inventory(state: Path, now: float) -> dict[str, str]:
    desk = desk_of(state, now)
    homelab = sources.add_source(desk, OWNER, "github:lena/homelab").subject
    kiosk = sources.add_source(
        desk, OWNER, "git+https://git.example.org/kiosk", trust="stranger", interval_seconds=0
    ).subject
    desk.close()
    named = {name: f"{homelab}/{name}" for name in ("anvil", "crucible", "ember", "slag", "tongs")}
    return {"homelab": homelab, "kiosk": kiosk, **named}


def _builds(state: Path, ids: Mapping[str, str], now: float) -> None:
    file = writer(state / "build.db", builds.MIGRATIONS)
    home = ids["homelab"]
    add_row(
        file,
        "source_state",
        source=home,
        state="ready",
        checked_at=now - 6 * MINUTE,
        next_at=now + 54 * MINUTE,
        revision=2,
    )
    add_row(
        file,
        "source_state",
        source=ids["kiosk"],
        state="unreadable",
        checked_at=now - 2 * HOUR,
        what="git.example.org asks for a user name. Give the source a token or a deploy key.",
    )
    locked = {
        "severity": "warn",
        "what": "The input secrets is a folder on somebody’s computer. No host needs it.",
        "where": "/home/lena/secrets",
        "missing": None,
    }
    for number, rev, ago, said in (
        (1, "71ab09d4c1e0" + "0" * 28, 5 * DAY, []),
        (2, "9f31c2e0aa17" + "0" * 28, 26 * MINUTE, ["ember has another kernel.", "tongs is new."]),
    ):
        add_row(
            file, "revision", id=number, source=home, locked="github:lena/homelab/x", rev=rev,
            nar_hash="sha256-x", last_modified=int(now - ago), path="/nix/store/x-source",
            seen_at=now - ago, changes=json.dumps(said), findings=json.dumps([locked]),
        )  # fmt: skip
    lacks = {
        "severity": "warn",
        "what": "The machine’s card needs igc, which the initial ramdisk lacks.",
        "where": "hosts/ember/default.nix:18",
        "missing": 'boot.initrd.availableKernelModules = [ "igc" ];',
    }
    contained = {
        "severity": "bad",
        "what": "boot.isContainer is true, so there is nothing to boot.",
        "where": "hosts/slag/default.nix:7",
        "missing": None,
    }
    for name, kind, system, watched, special, findings, reason in (
        ("anvil", "native", "x86_64-linux", 1, ["gaming"], [], None),
        ("crucible", "adaptable", "x86_64-linux", 1, [], [], None),
        ("ember", "adaptable", "x86_64-linux", 1, ["kiosk", "debug"], [lacks], None),
        ("slag", "not-bootable", "x86_64-linux", 0, [], [contained], "a container has no kernel"),
        ("tongs", "native", "aarch64-linux", 0, [], [], None),
    ):
        add_row(
            file, "verdict", host=ids[name], source=home, revision=2, name=name, kind=kind,
            reason=reason, system=system, release="26.05", watched=watched,
            specialisations=json.dumps(special), findings=json.dumps(findings), recipe="{}",
        )  # fmt: skip
    for name, number, kept, ago, size in (
        ("anvil", 14, "good", 2 * DAY, 1945), ("anvil", 13, "good", 9 * DAY, 1920),
        ("ember", 12, "trial", 26 * MINUTE, 624), ("ember", 11, "good", 6 * DAY, 610),
        ("crucible", 33, "trial", HOUR, 612), ("tongs", 4, "unwatched", 4 * DAY, 540),
    ):  # fmt: skip
        add_row(
            file,
            "generation",
            host=ids[name],
            number=number,
            image=f"{name}{number}" * 4,
            state=kept,
            made_at=now - ago,
            size=size * MIB,
            toplevel=f"/nix/store/x-{name}",
            rev="9f31c2e0aa17",
        )
    made = (
        ("b1", "crucible", "running", "new revision", 300, 277, None, 212, 248, "building k3s-1.3"),
        ("b2", "anvil", "queued", "new revision", 120, None, None, 0, 0, ""),
        ("b3", "ember", "built", "asked", 1900, 1880, 1560, 31, 31, ""),
        ("b4", "tongs", "failed", "new revision", 7300, 7290, 7210, 3, 9, "building zfs-2.3.4"),
        ("b5", "anvil", "cancelled", "asked", 90_000, 89_990, 89_950, 1, 9, ""),
        ("b6", "anvil", "unchanged", "new revision", 180_000, 179_990, 179_980, 0, 0, ""),
    )  # fmt: skip
    for ident, name, kind, why, queued, began, ended, done, expected, phase in made:
        what = "zfs-kernel-2.3.4 does not build against Linux 6.19." if kind == "failed" else ""
        add_row(
            file, "build", id=ident, host=ids[name], source=home, name=name, revision=2, state=kind,
            why=why, queued_at=now - queued, began_at=now - began if began else None,
            ended_at=now - ended if ended else None, phase=phase, done=done, expected=expected,
            what=what, log=f"{ident}.log", image="ember12" * 4 if ident == "b3" else None,
        )  # fmt: skip
    for name, short, needs in (
        (
            "anvil",
            "needs 9.0 GiB more disk",
            (
                Need(OK, "Builds here in about 12 minutes."),
                Need(
                    BAD,
                    "Needs 9.0 GiB more disk while the squashfs is made: about 14.0 GiB, and 5.0 "
                    "GiB are free. Plug in a larger disk, let go of old generations, or let a "
                    "builder do it.",
                    "See what can go",
                    "/storage",
                ),
                Need(OK, "Needs 2.1 GiB to evaluate; this router has 8.0 GiB."),
            ),
        ),
        (
            "tongs",
            "needs a builder for aarch64-linux",
            (
                Need(
                    BAD,
                    "It needs a builder for aarch64-linux: this router cannot build for it, and no "
                    "builder does. Add one under Builders.",
                    "Add a builder",
                    "/builders",
                ),
            ),
        ),
    ):
        outlooks.foreseen(file, Outlook(ids[name], short, needs, now - 20 * MINUTE), "{}")
    choices = (
        Choice(1, 2, 870 * MIB, "1 of anvil and 1 of ember"),
        *(Choice(keep, 0, 0, "") for keep in (2, 3, 5, 10, 20)),
    )
    room = Storage("roomy", "", 46 << 30, 118 << 30, 6 << 30, choices, now - 4 * MINUTE)
    storages.stands(file, room, now)
    for ago, event in (
        (26 * MINUTE, SourceChanged(home, "9f31c2e0aa17" + "0" * 28, "71ab09d4c1e0" + "0" * 28)),
        (26 * MINUTE, ImagePublished(ids["ember"], "ember", 12, "ember12" * 4)),
    ):
        journal.append(file, event, now - ago)
    folder = state / "logs" / "builds"
    folder.mkdir(parents=True)
    (folder / "b1.log").write_text(LOG, "utf-8")
    (folder / "b4.log").write_text(LOG + "error: builder for zfs-kernel-2.3.4 failed\n")
    file.close()


def _give(state: Path, ids: dict[str, str], now: float) -> None:
    desk = desk_of(state, now)
    for name, mac in (("anvil", ANVIL), ("ember", EMBER), ("tongs", TONGS), ("kiln", KILN)):
        ids[f"{name}-machine"] = machines.add_machine(desk, OWNER, mac, name=name).subject
    for name in ("anvil", "ember", "tongs"):
        machines.assign_machine(desk, OWNER, ids[f"{name}-machine"], host=ids[name])
    ids["menu"] = menus.make_menu(
        desk, OWNER, "Workshop", [ids["anvil"], ids["ember"]], default=ids["anvil"]
    ).subject
    networks.set_network_default(desk, OWNER, "lan", "hold")
    changes.propose_revision(desk, OWNER, CONFIG)
    desk.close()


def _boots(state: Path, ids: dict[str, str], now: float) -> None:
    file = writer(state / "boot.db", boots.MIGRATIONS)
    for n, (mac, name, ago, total) in enumerate((
        (ANVIL, "anvil", 2 * HOUR, 38.4), (ANVIL, "anvil", 2 * DAY, 39.0),
        (EMBER, "ember", 6 * DAY, 34.2), (EMBER, "ember", 7 * DAY, 34.5),
        (EMBER, "ember", 8 * DAY, 33.7), (TONGS, "tongs", DAY, 21.0),
    )):  # fmt: skip
        served = name == "tongs"
        ids.setdefault(f"{name}-boot", f"good-{n}")
        began = now - ago
        add_boot(
            file, f"good-{n}", mac, name, ids[name], began, "served" if served else "up",
            ended=began + total, generation=11 if name == "ember" else 14, firmware="pxe-x64",
            facts={"address": "10.77.0.101", "bus_id": "8086:125c", "version": "2.0.0"} | (
                {} if served else
                {"up": {"kernel": "6.12.44", "uptime": "14", "failed": "", "hostname": name}}
            ),
        )  # fmt: skip
        add_steps(file, f"good-{n}", began, *GOOD, *(() if served else (_up(total, name),)))
    began = now - 18 * MINUTE
    ids["fell"] = "fell"
    add_boot(
        file,
        "fell",
        EMBER,
        "ember",
        ids["ember"],
        began,
        "short",
        ended=began + 133.4,
        generation=12,
        firmware="pxe-x64",
        diagnosis="kernel-no-sign-of-life",
        facts={"address": "10.77.0.104", "bus_id": "8086:125c", "version": "2.0.0"},
    )
    add_steps(file, "fell", began, *GOOD)
    generations.count_up(file, "ember11" * 4, ids["ember-machine"], now - 6 * DAY)
    for _ in range(FAILURES):
        generations.count_failure(file, "ember12" * 4, ids["ember-machine"], "fell", began)
    began = now - 7.2
    ids["now"] = "now"
    add_boot(
        file,
        "now",
        KILN,
        "crucible",
        ids["crucible"],
        began,
        "loading",
        generation=33,
        firmware="http-x64",
        facts={"address": "10.77.0.107"},
    )
    add_steps(
        file,
        "now",
        began,
        *GOOD[:-1],
        ("part", "initrd", 4.6, None, 310 * MIB, 612 * MIB, "running", {}),
    )
    for mac, code, since, firmware, facts in (
        (STRANGER, "4817", 72.0, "script", {"plat": "efi", "arch": "x86_64", "serial": "B550-77"}),
        (PI, "0362", 14.0, "rpi", {"plat": "efi", "arch": "arm64"}),
    ):
        add_row(
            file,
            "boot",
            id=f"held-{code}",
            network="lan",
            mac=mac,
            firmware=firmware,
            began_at=now - since - 5,
            state="held",
            intent="hold",
            facts=json.dumps(facts | {"code": code}),
        )
        add_row(
            file,
            "held",
            network="lan",
            mac=mac,
            code=code,
            since=now - since,
            last_asked=now - 2,
            facts=json.dumps(facts),
        )
    file.close()


SEEN = Seen(
    answered=True,
    tried=412,
    addresses=("203.0.113.5/24", "10.77.0.1/24"),
    heard=(),
    sockets=(
        Socket("tcp", "0.0.0.0", 443, "br-lan", "web", 0),
        Socket("udp", "0.0.0.0", 53, "br-lan", "dns", 0),
        Socket("udp", "127.0.0.1", 323, "", "chronyd", 61123),
        Socket("udp", "fe80::5054:ff:fe00:101", 546, "enp1s0", "dhcpcd", 61122),
        Socket("tcp", "0.0.0.0", 22, "", "", 0),
    ),
)
"""What a stranger outside got to see."""


def _network(state: Path, now: float) -> None:
    file = writer(state / "net.db", trials.MIGRATIONS)
    trials.publish(file, cut(CONFIG, 1, {}), now)
    trials.write_kept(file, trials.Kept(1, revisions.canonical(read.to_json(CONFIG)), now))
    ports = [
        trials.PortRow("enp1s0", "02:00:00:00:01:01", True, "wan", "pci-0000:01:00.0"),
        trials.PortRow("enp2s0", "02:00:00:00:01:02", True, "lan", "pci-0000:02:00.0"),
    ]
    trials.write_ports(file, ports, now)
    trials.write_outside(file, SEEN, now)
    for ago, event in ((6 * DAY, RevisionApplied(1)), (HOUR, DriftRepaired("the rule 20-dns"))):
        journal.append(file, event, now - ago)
    furnish_devices(state, file, now)
    file.close()
    desk = desk_of(state, now)
    devices.block_devices(desk, OWNER, [TABLET], f"until {round(now + 8 * HOUR)}")
    desk.close()
    own = names.opened(state / "dns.db")
    names.keep_list(own, "https://lists.example/hosts", bytes(8_000), b"", now - HOUR)
    names.keep_problem(own, "https://lists.example/gone", "lists.example says 404.", now - HOUR)
    names.keep_standing(
        own,
        {
            "counts": {"asked": 41_208, "repeated": 30_120, "forwarded": 6_012, "blocked": 377},
            "upstreams": [
                {
                    "address": address,
                    "tls_name": name,
                    "well": well,
                    "asked": 4_012,
                    "answered": 4_010,
                    "seconds": 0.0142,
                }
                for address, name, well in (
                    ("9.9.9.9", "dns.quad9.net", True),
                    ("2001:db8:1234:5678:9abc:def0:1234:5678", "dns.quad9.net", True),
                    ("192.0.2.53", None, False),
                )
            ],
            "paused_until": 0.0,
        },
        now,
    )
    own.close()
    file = writer(state / "leases.db", leases.MIGRATIONS)
    for n, mac in enumerate((ANVIL, EMBER, TONGS)):
        add_row(
            file,
            "lease",
            network="lan",
            address=int(IPv4Address("10.77.0.101")) + n,
            mac=mac,
            client=f"hw:{mac}",
            hostname="",
            stage="os",
            given_at=now - HOUR,
            ends_at=now + HOUR,
            state="bound",
        )
    file.close()


def _way(state: Path, now: float) -> None:
    """Online for 23 days, and a search that found the cable."""
    file = writer(state / "wan.db", ways.MIGRATIONS)
    ways.write_held(file, Held("enp1s0", PROVIDED, 0.0, now - 20 * MINUTE, "this run"))
    way = Way(Stand.ONLINE, "enp1s0", "", now - 23 * DAY, "203.0.113.5/24", str(GATEWAY), 8.6, 0)
    ways.write_way(file, way)
    offer = f"enp1s0 offer {GATEWAY} 203.0.113.5/24"
    found = WanFound("w", "The internet is the cable in enp1s0.", (offer, "enp3s0 cut"))
    up = WanUp("enp1s0", "203.0.113.5/24", str(GATEWAY))
    for ago, event in ((23 * DAY, up), (MINUTE, found)):
        journal.append(file, event, now - ago)
    file.close()


def _image(state: Path, ids: Mapping[str, str], now: float) -> str:
    """The manifest of what anvil runs."""
    image = Image(
        id="anvil14" * 4,
        host=ids["anvil"],
        name="anvil",
        specialisation=None,
        recipe="linux",
        system="x86_64-linux",
        parts=(
            Part("kernel", "bzImage", 12 * MIB, "5c" * 32, ()),
            Part("initrd", "initrd", 1933 * MIB, "e1" * 32, ()),
        ),
        command_line="init=/nix/store/x-anvil/init loglevel=4",
        toplevel="/nix/store/x-anvil",
        watched=True,
        provenance=Provenance(
            source=ids["homelab"],
            url="github:lena/homelab",
            locked=f"github:lena/homelab/9f31c2e0aa17{'0' * 28}",
            revision="9f31c2e0aa17" + "0" * 28,
            nar_hash="sha256-Vb0nLqYyq0t4cXvJd4bqk2q0VnB5f4c1mYF0c2cQ7mE=",
            last_modified=int(now - 2 * DAY - HOUR),
            drvs={"kernel": "/nix/store/a-linux-6.12.44.drv", "initrd": "/nix/store/b-initrd.drv"},
            built_at=now - 2 * DAY,
            built_on="here",
            nix="2.26.1",
            adapted="native",
        ),
    )
    folder = state / "published" / "images"
    folder.mkdir(parents=True)
    before = replace(
        image,
        id="anvil13" * 4,
        parts=(replace(image.parts[0], sha256="4b" * 32), image.parts[1]),
        command_line="init=/nix/store/x-anvil/init quiet",
        provenance=replace(
            image.provenance,
            revision="71ab09d4c1e0" + "0" * 28,
            drvs={"kernel": "/nix/store/a-linux-6.12.40.drv"},
        ),
    )
    for one in (image, before):
        (folder / f"{one.id}.json").write_text(json.dumps(image_to_json(one)))
    _note_closures(state / "published" / "closures", before.id, image.id)
    ids["image-before"] = before.id
    return image.id


def _note_closures(folder: Path, before: str, after: str) -> None:
    """Two systems: another kernel, 40 libraries of another version, one program more, one less."""
    folder.mkdir(parents=True)
    every = {f"lib{at:02}": ("1.0", "1.1") for at in range(40)}
    every |= {"linux": ("6.12.40", "6.12.44"), "gdb": ("14.2", ""), "strace": ("", "6.9")}
    for at, ident in enumerate((before, after)):
        names = [f"{name}-{versions[at]}" for name, versions in every.items() if versions[at]]
        paths = {f"{'ab'[at]}{0:031}-{one}": (at + 1) * MIB for one in ["etc", *names]}
        paths[f"{0:032}-glibc-2.39"] = 31 * MIB
        (folder / f"{ident}.json").write_text(json.dumps({"schema": 1, "paths": paths}))


Step = tuple[str, str, float, float | None, int | None, int | None, str, dict[str, Any]]
GOOD: Sequence[Step] = (
    ("dhcp", "DISCOVER", 0.0, 0.0, None, None, "ok", {"firmware": "pxe-x64"}),
    ("dhcp", "OFFER", 0.001, 0.001, None, None, "ok",
     {"address": "10.77.0.104", "file": "x64/snponly.efi"}),
    ("dhcp", "ACK", 3.861, 3.861, None, None, "ok",
     {"address": "10.77.0.104", "file": "x64/snponly.efi"}),
    ("loader", "x64/snponly.efi", 3.9, 4.2, 274_432, 274_432, "ok", {}),
    ("autoexec", "x64/autoexec.ipxe", 4.21, 4.22, 412, 412, "ok", {}),
    ("script", "run", 4.23, 4.29, None, None, "ok", {}),
    ("part", "bzImage", 4.3, 4.6, 12 * MIB, 12 * MIB, "ok", {}),
    ("part", "initrd", 4.6, 10.31, 612 * MIB, 612 * MIB, "ok", {}),
)  # fmt: skip


def _up(at: float, name: str) -> Step:
    return ("up", name, at, at, None, None, "ok", {"kernel": "6.12.44"})


def add_boot(
    file: sqlite3.Connection, ident: str, mac: str, name: str, host: str, began: float, state: str,
    *, facts: Mapping[str, Any], ended: float | None = None, generation: int, firmware: str,
    diagnosis: str | None = None,
) -> None:  # fmt: skip
    """One boot."""
    add_row(
        file, "boot", id=ident, network="lan", mac=mac, firmware=firmware, began_at=began,
        ended_at=ended, state=state, host=host, name=name, image=f"{name}{generation}" * 4,
        generation=generation, intent="run", diagnosis=diagnosis, facts=json.dumps(facts),
    )  # fmt: skip


def add_steps(file: sqlite3.Connection, boot: str, began: float, *steps: Step) -> None:
    """The steps of a boot, times counted from its beginning."""
    for number, (kind, name, at, until, sent, total, status, detail) in enumerate(steps, start=1):
        add_row(
            file, "step", boot=boot, number=number, kind=kind, name=name, began_at=began + at,
            ended_at=None if until is None else began + until, bytes=sent, total=total,
            status=status, detail=json.dumps(detail),
        )  # fmt: skip


def add_row(file: sqlite3.Connection, table: str, **values: object) -> None:
    """One row of any table."""
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    file.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


LOG = """\
building '/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-linux-6.12.44.drv'...
linux-6.12.44> unpacking source archive linux-6.12.44.tar.xz
linux-6.12.44> patching sources
linux-6.12.44> configuring
linux-6.12.44>   HOSTCC  scripts/kconfig/conf.o
linux-6.12.44>   CC      drivers/net/ethernet/intel/igc/igc_main.o
warning: attic.lan did not answer in 5 s, asking the next cache
linux-6.12.44>   LD [M]  drivers/net/ethernet/intel/igc/igc.o
linux-6.12.44>   CC      fs/squashfs/decompressor_multi.o
linux-6.12.44>   LD      vmlinux.o
"""

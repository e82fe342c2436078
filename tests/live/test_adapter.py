"""The adapter on the sample's hosts, evaluated by real Nix; nothing is built.

With NIXPKGS_LIB (the `lib` folder of a nixpkgs) in the environment, that lib stands in place of
the sample's own.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.lab.sample.assemble import sources

pytestmark = pytest.mark.live

NIX = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "nix/usr/bin/nix"
ADAPTER = Path(__file__).parents[2] / "services/nix/adapter"
KERNEL = "6.1.0-lab"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample flake with empty files where the distribution's would be."""
    tree = tmp_path_factory.mktemp("sample")
    sources(tree)
    for name, text in {
        "busybox/busybox": "",
        "squashfs/mksquashfs": "",
        "kernel/version": KERNEL,
    }.items():
        file = tree / "parts" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    if real := os.environ.get("NIXPKGS_LIB"):
        shutil.rmtree(tree / "lib")
        shutil.copytree(real, tree / "lib")
    return tree


def evaluate(sample: Path, expression: str) -> subprocess.CompletedProcess[str]:
    """Evaluate an expression in which `hosts` is the sample's nixosConfigurations."""
    whole = f"""
      let flake = (import {sample}/flake.nix).outputs {{ self = {{ }}; }};
          hosts = flake.nixosConfigurations;
          look = host: asBuilt:
            import {ADAPTER}/introspect.nix {{
              flake.nixosConfigurations.it = host;
              host = "it";
              inherit asBuilt;
            }};
          adapter = import {ADAPTER}/netboot.nix {{ compression = "gzip"; }};
          adapted = more: host: (host.extendModules {{ modules = more ++ [ adapter ]; }}).config;
          lib = import {sample}/lib;
          names = v: if builtins.isAttrs v then builtins.attrNames v else v;
          with_ = more: host: host.extendModules {{ modules = [ more ]; }};
      in {expression}"""
    return subprocess.run(
        [
            NIX, "--extra-experimental-features", "nix-command flakes",
            "eval", "--impure", "--json", "--store", sample.parent / "store",
            "--option", "build-users-group", "", "--option", "substituters", "",
            "--expr", whole,
        ],
        env={
            "HOME": str(sample.parent),
            "NIX_CONF_DIR": str(sample.parent),
            "PATH": os.environ["PATH"],
        },
        capture_output=True,
        text=True,
    )  # fmt: skip


def value(sample: Path, expression: str) -> Any:
    done = evaluate(sample, expression)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def error(sample: Path, expression: str) -> str:
    done = evaluate(sample, expression)
    assert done.returncode != 0, done.stdout
    return done.stderr


def look(sample: Path, host: str, *, as_built: bool = False) -> Any:
    return value(sample, f"look hosts.{host} {str(as_built).lower()}")


# ---- what a host is


def test_a_host_with_netboot_outputs_is_native(sample: Path) -> None:
    found = look(sample, "anvil")
    assert (found["kind"], found["adapted"], found["watched"]) == ("native", False, True)


def test_a_host_that_lives_on_disks_is_adaptable(sample: Path) -> None:
    found = look(sample, "archive")
    assert (found["kind"], found["adapted"], found["watched"]) == ("adaptable", True, True)


def test_an_installers_medium_is_adapted(sample: Path) -> None:
    """It names a squashfsStore as netboot hosts do, and it waits for its disc."""
    found = look(sample, "keystone")
    assert (found["kind"], found["adapted"]) == ("adaptable", True)
    assert "root=LABEL=" not in " ".join(found["kernelParams"])
    assert "not mounted: /iso." in found["findings"][0]["what"]


def test_a_host_with_images_of_its_own_is_adapted(sample: Path) -> None:
    """A card's image (sdImage), or a squashfs that is for something else."""
    found = value(
        sample,
        """look (with_ {
             system.build.sdImage = "/card";
             system.build.squashfsStore = "/squashfs";
           } hosts.switchyard) false""",
    )
    assert found["kind"] == "adaptable"
    assert found["out"]["squashfsStore"].startswith("/nix/store/")


def test_an_installers_medium_cannot_be_served_as_built(sample: Path) -> None:
    assert look(sample, "keystone", as_built=True)["kind"] == "not-bootable"


def test_a_native_host_served_as_built_is_unwatched(sample: Path) -> None:
    assert look(sample, "anvil", as_built=True)["watched"] is False


def test_a_host_that_brings_our_client_along_is_watched_as_built(sample: Path) -> None:
    assert look(sample, "crucible", as_built=True)["watched"] is True


def test_our_client_counts_once(sample: Path) -> None:
    again = value(
        sample, f"(with_ {ADAPTER}/client.nix hosts.crucible).config.system.build.toplevel.outPath"
    )
    assert again == look(sample, "crucible", as_built=True)["toplevel"]


def test_a_disk_host_cannot_be_served_as_built(sample: Path) -> None:
    found = look(sample, "archive", as_built=True)
    assert found["kind"] == "not-bootable"
    assert "netboot outputs of its own" in found["reason"]


def test_a_value_that_is_no_system_is_not_bootable(sample: Path) -> None:
    found = value(sample, 'look { some = "thing"; } false')
    assert found["reason"] == "It is not a NixOS configuration: it has no config.system.build."


def test_a_system_without_extend_modules_says_so(sample: Path) -> None:
    found = value(sample, 'look (removeAttrs hosts.archive [ "extendModules" ]) false')
    assert found["kind"] == "not-bootable"
    assert "without extendModules" in found["reason"]


def test_a_container_is_not_bootable(sample: Path) -> None:
    found = value(
        sample,
        "look (hosts.archive.extendModules { modules = [ { boot.isContainer = true; } ]; }) false",
    )
    assert "boot.isContainer" in found["reason"]


def test_a_mistyped_option_is_named(sample: Path) -> None:
    assert "The option `services.opensshh' does not exist" in error(
        sample, "look hosts.broken false"
    )


def test_an_answer_carries_no_store_references(sample: Path) -> None:
    assert (
        value(sample, "builtins.hasContext (builtins.toJSON (look hosts.switchyard false))")
        is False
    )


def test_no_value_of_the_original_configuration_is_looked_at(sample: Path) -> None:
    """What would fail there is overridden, so it never does."""
    found = value(
        sample,
        """look (hosts.archive.extendModules { modules = [ {
             fileSystems."/extra".device = throw "looked at";
             boot.resumeDevice = lib.mkForce (throw "looked at");
             boot.initrd.luks.devices.more.device = throw "looked at";
           } ]; }) false""",
    )
    assert found["kind"] == "adaptable"


# ---- a thin image


@pytest.mark.parametrize(
    ("host", "as_built", "thin"),
    [
        ("anvil", False, True),
        ("archive", False, True),
        ("switchyard", False, False),  # its first stage is a script
        ("anvil", True, False),
    ],
)
def test_a_host_with_units_in_its_first_stage_can_be_thin(
    sample: Path, host: str, as_built: bool, thin: bool
) -> None:
    assert look(sample, host, as_built=as_built)["thin"] is thin


def test_a_look_names_what_the_ramdisk_can_load(sample: Path) -> None:
    assert {"virtio_net", "vmxnet3"} <= set(look(sample, "anvil")["initrdModules"])
    assert "virtio_net" not in look(sample, "archive")["initrdModules"]  # it forces the list


def test_the_first_stage_of_an_adapted_host_has_no_network_but_ours(sample: Path) -> None:
    found = value(
        sample,
        f"""let made = (adapted [ {ADAPTER}/thin.nix {{
              boot.initrd.systemd.network.networks.lan.DHCP = "yes";
            }} ] hosts.archive).boot.initrd.systemd;
            in [ made.network.enable made.network.networks (names made.services) ]""",
    )
    assert found[:2] == [True, {}]
    assert {"nixie-network", "nixie-store", "systemd-networkd"} <= set(found[2])


# ---- the adapter wins


LIVES_ELSEWHERE = ("archive", "switchyard", "keystone")


@pytest.mark.parametrize("host", LIVES_ELSEWHERE)
def test_an_adapted_host_mounts_the_store_it_came_with(sample: Path, host: str) -> None:
    assert value(sample, f"names (adapted [ ] hosts.{host}).fileSystems") == NETBOOT


FORCED = {
    "fileSystems": '{ "/".device = "/dev/sda1"; "/var".device = "/dev/sda2"; }',
    "swapDevices": '[ { device = "/dev/sda3"; } ]',
    "boot.resumeDevice": '"/dev/sda3"',
    "boot.initrd.luks.devices": '{ root.device = "/dev/sda1"; }',
    "boot.initrd.network.enable": "true",
    "boot.initrd.secrets": '{ "/key" = "/root/key"; }',
    "boot.loader.timeout": "null",
    "boot.loader.grub.enable": "true",
    "boot.loader.systemd-boot.enable": "true",
    "boot.loader.limine.enable": "true",
    "boot.loader.external.enable": "true",
    "boot.loader.generationsDir.enable": "true",
    "boot.lanzaboote.enable": "true",
    "boot.zfs.extraPools": '[ "tank" ]',
    "boot.growPartition": "true",
    "boot.initrd.clevis.enable": "true",
    "boot.initrd.systemd.network.enable": "true",
    "boot.initrd.systemd.root": '"gpt-auto"',
    "boot.initrd.systemd.repart.enable": "true",
    "systemd.repart.enable": "true",
    "services.btrfs.autoScrub.enable": "true",
    "system.autoUpgrade.enable": "true",
    "disko.enableConfig": "true",
}
NETBOOT = ["/", "/nix/.ro-store", "/nix/.rw-store", "/nix/store"]
WANTED = {
    "fileSystems": NETBOOT,
    "swapDevices": [],
    "boot.resumeDevice": "",
    "boot.initrd.luks.devices": [],
    "boot.initrd.secrets": [],
    "boot.loader.timeout": 0,
    "boot.zfs.extraPools": [],
    "boot.initrd.systemd.root": "fstab",
}


@pytest.mark.parametrize("how", ["lib.mkDefault", "", "lib.mkImageMediaOverride", "lib.mkForce"])
def test_the_adapter_wins_over_a_host(sample: Path, how: str) -> None:
    said = " ".join(f"{option} = {how} ({text});" for option, text in FORCED.items())
    asked = " ".join(f'"{option}" = names config.{option};' for option in FORCED)
    found = value(
        sample,
        f"""let config = adapted [ {{ {said} }} ] hosts.archive;
            in {{ {asked} }}""",
    )
    assert found == {option: WANTED.get(option, False) for option in FORCED}


def test_a_root_that_is_forced_by_itself_gives_way(sample: Path) -> None:
    root = value(sample, '(adapted [ ] hosts.archive).fileSystems."/"')
    assert (root["fsType"], root["device"]) == ("tmpfs", "tmpfs")


def test_every_option_that_the_adapter_may_meet_is_in_the_sample(sample: Path) -> None:
    """Asked with a lib that tells the paths; where an option was removed, its name is known."""
    done = evaluate(
        sample,
        f"""let
              told = path: builtins.trace "asks for ${{builtins.concatStringsSep "." path}}";
              spy = lib // {{
                attrByPath = path: default: set: told path (lib.attrByPath path default set);
                hasAttrByPath = path: set: told path (lib.hasAttrByPath path set);
              }};
              made = host: module:
                (module (builtins.intersectAttrs (builtins.functionArgs module) {{
                  inherit (host) config options pkgs;
                  lib = spy;
                  modulesPath = "";
                }})).config;
              netboot = made hosts.archive adapter;
              client = made hosts.archive (import {ADAPTER}/client.nix);
              squashed = made hosts.anvil (
                import {ADAPTER}/compression.nix {{ compression = "gzip"; }});
            in map builtins.toJSON [
              (map (part: [ (names part) (part.condition or null) ]) netboot.contents)
              client.systemd.services.nixie-identity.environment
              (names squashed)
            ]""",
    )
    assert done.returncode == 0, done.stderr
    asked = sorted(set(re.findall(r"asks for (\S+)", done.stderr)))
    assert {"swapDevices", "nix.enable", "netboot.squashfsCompression"} <= set(asked)
    unknown = value(
        sample,
        f"""let
              split = path: builtins.filter builtins.isString (builtins.split "[.]" path);
              known = set: path:
                lib.isOption set || path != [ ] && set ? ${{builtins.head path}}
                && known set.${{builtins.head path}} (builtins.tail path);
              isNew = path:
                !(known hosts.archive.options path || known hosts.anvil.options path);
              asked = builtins.fromJSON ''{json.dumps(asked)}'';
            in builtins.filter (path: isNew (split path)) asked""",
    )
    assert unknown == []


def test_what_has_nothing_to_do_with_disks_stays(sample: Path) -> None:
    assert value(sample, "(adapted [ ] hosts.archive).systemd.services ? ledger") is True


def test_resuming_is_taken_off_the_command_line(sample: Path) -> None:
    found = value(
        sample,
        """(look (hosts.archive.extendModules { modules = [ {
             boot.kernelParams = [ "resume_offset=9" "root=/dev/sda1" "quiet" ];
           } ]; }) false).kernelParams""",
    )
    assert [word for word in found if word.startswith(("resume", "root"))] == ["root=fstab"]
    assert "quiet" in found


def test_the_first_stage_stays_the_one_the_host_has(sample: Path) -> None:
    assert value(sample, "(adapted [ ] hosts.archive).boot.initrd.systemd.enable") is True
    assert value(sample, "(adapted [ ] hosts.switchyard).boot.initrd.systemd.enable") is False


def test_the_store_lies_below_the_prefix_of_systemds_first_stage(sample: Path) -> None:
    options = value(sample, '(adapted [ ] hosts.archive).fileSystems."/nix/store".options')
    assert "lowerdir=/sysroot/nix/.ro-store" in options


def test_the_scripted_first_stage_puts_its_prefix_there_itself(sample: Path) -> None:
    options = value(sample, '(adapted [ ] hosts.switchyard).fileSystems."/nix/store".options')
    assert "lowerdir=/nix/.ro-store" in options


def test_a_release_without_an_option_is_left_alone(sample: Path) -> None:
    """Without luks.nix and loaders.nix, setting their options would be an error."""
    found = value(
        sample,
        f"""let
              gone = [ "luks.nix" "loaders.nix" ];
              older = lib.evalModules {{
                modules = builtins.filter (m: !(builtins.elem (baseNameOf (toString m)) gone))
                  (import {sample}/nixos/modules/module-list.nix);
                specialArgs = {{
                  modulesPath = "{sample}/nixos/modules";
                  utils = import {sample}/nixos/lib/utils.nix {{ inherit lib; }};
                  noUserModules = older;
                  pkgs = hosts.archive.pkgs;
                }};
              }};
            in builtins.attrNames (adapted [ ] older).fileSystems""",
    )
    assert found == NETBOOT


def test_the_store_is_made_known_to_nix_before_anybody_asks(sample: Path) -> None:
    """The socket of the daemon comes before whatever has the usual dependencies."""
    unit = value(sample, "(adapted [ ] hosts.archive).systemd.services.nixie-register-store")
    assert unit["unitConfig"]["DefaultDependencies"] is False
    assert {"nix-daemon.service", "nix-daemon.socket", "sysinit.target"} <= set(unit["before"])
    assert "nix-path-registration" in unit["script"]


def test_a_host_without_nix_has_no_store_to_register(sample: Path) -> None:
    assert (
        value(
            sample,
            """(adapted [ { nix.enable = false; } ] hosts.archive)
               .systemd.services ? nixie-register-store""",
        )
        is False
    )


def test_a_removed_option_is_not_set(sample: Path) -> None:
    """boot.loader.raspberryPi.enable is still declared, and an error when it has a value."""
    assert value(sample, "(adapted [ ] hosts.archive).system.build.toplevel ? drvPath") is True


# ---- findings


def test_the_file_systems_that_stay_behind_are_named(sample: Path) -> None:
    (warning,) = [one for one in look(sample, "archive")["findings"] if one["severity"] == "warn"]
    assert "/boot, /data, /home, /spool" in warning["what"]


def test_the_devices_that_stay_locked_are_named(sample: Path) -> None:
    assert "The encrypted devices stay closed: vault." in said(look(sample, "archive"))


def test_the_services_that_belong_to_disks_are_named(sample: Path) -> None:
    (told,) = [one for one in said(look(sample, "archive")) if "first stage" in one]
    assert told.endswith("left out: create-needed-for-boot-dirs, rollback.")


def test_the_units_that_a_host_needs_are_named(sample: Path) -> None:
    found = value(
        sample,
        """look (with_ { nixie.health.units = [ "sshd.service" "mill.service" ]; } hosts.crucible)
             false""",
    )
    assert said(found) == [
        "A boot counts as good once these units are active: sshd.service, mill.service."
    ]


def test_what_is_no_unit_is_refused(sample: Path) -> None:
    told = error(sample, 'look (with_ { nixie.health.units = [ "a b" ]; } hosts.crucible) false')
    assert "nixie.health.units" in told


def said(found: Any) -> list[str]:
    return [one["what"] for one in found["findings"]]


def test_a_native_host_has_no_findings(sample: Path) -> None:
    assert look(sample, "crucible")["findings"] == []


@pytest.mark.parametrize(
    ("systemd", "forced", "absent"),
    [
        ("true", ["kernelModules"], None),
        ("true", ["availableKernelModules"], None),
        ("true", ["kernelModules", "availableKernelModules"], "loop, overlay, squashfs."),
        ("false", ["availableKernelModules"], None),
        ("false", ["kernelModules"], "loop."),
    ],
)
def test_modules_that_forced_lists_keep_out_are_named(
    sample: Path, systemd: str, forced: list[str], absent: str | None
) -> None:
    """Both lists have them all, so one is forced in vain; but the script loads loop by name."""
    said = " ".join(f'boot.initrd.{name} = lib.mkForce [ "ahci" ];' for name in forced)
    found = value(
        sample,
        f"""(look (with_ {{
              boot.initrd.systemd.enable = lib.mkForce {systemd};
              {said}
            }} hosts.switchyard) false).findings""",
    )
    bad = [one for one in found if one["severity"] == "bad"]
    assert [one["what"].rpartition(": ")[2] for one in bad] == ([absent] if absent else [])
    assert {one["missing"] for one in bad} <= {
        'boot.initrd.kernelModules = [ "loop" "overlay" "squashfs" ];'
    }


def test_a_module_list_of_two_releases_means_the_same(sample: Path) -> None:
    """Lists of names before 26.05, names with true or false since."""
    found = value(
        sample,
        """(adapted [ { boot.initrd.kernelModules.dm_mod = true; } ] hosts.archive)
           .boot.initrd.kernelModules""",
    )
    assert {"dm_mod", "loop", "overlay", "squashfs"} <= set(found)


# ---- the first stage's services


def test_no_service_of_the_first_stage_waits_for_a_disk(sample: Path) -> None:
    found = value(
        sample,
        """builtins.mapAttrs (_: s: [ s.enable (s.wantedBy ++ s.requiredBy) ])
             (adapted [ ] hosts.archive).boot.initrd.systemd.services""",
    )
    assert found == {
        "create-needed-for-boot-dirs": [False, []],
        "greeting": [True, ["initrd.target"]],
        "rollback": [False, []],
    }


UNIT = ["requires", "requisite", "bindsTo", "wants", "after", "before"]
BELONG_TO_DISKS: list[dict[str, Any]] = [
    {"after": ["zfs-import-rpool.service"], "before": ["sysroot.mount"]},
    {"before": ["sysroot.mount"]},
    {"after": ["initrd-root-device.target"], "before": ["initrd-root-fs.target"]},
    {"after": ["sysroot.mount"], "before": ["initrd-root-fs.target"]},
    {"after": ["dev-nvme1n1p3.device"]},
    {"requires": ["dev-disk-by\\x2dlabel-nixos.device"]},
    {"bindsTo": ["dev-mapper-vault.device"]},
    {"after": ["systemd-cryptsetup@enc.service"]},
    {"after": ["cryptsetup.target"]},
    {"before": ["zfs-import.target"]},
    {"requires": ["unlock-bcachefs-custom.service"]},
    {"requires": ["sysroot-persist.mount"], "before": ["initrd-fs.target"]},
    {"unitConfig": {"Requires": "dev-pool-root.device", "Before": "sysroot.mount"}},
    {"unitConfig": {"After": ["local-fs-pre.target dev-sda1.device"]}},
]
"""As people write them: each is a host found in public, shortened to what it waits for."""
STAY: list[dict[str, Any]] = [
    {},
    {"after": ["network-online.target"], "before": ["initrd.target"]},
    {"after": ["sys-subsystem-net-devices-eth0.device"]},
    {"requires": ["dev-tpmrm0.device"], "after": ["dev-tpmrm0.device"]},
    {"after": ["sysroot-persist.mount"]},
    {"requires": ["sysroot-nix-store.mount"], "before": ["initrd.target"]},
    {"requires": ["sysroot-nix-.rw\\x2dstore.mount"]},
    {"requires": ["sysroot-etc.mount"], "after": ["initrd-fs.target"]},
    {"before": ["sysroot-nix-.ro\\x2dstore.mount"]},
    {"unitConfig": {"DefaultDependencies": False, "After": "initrd-fs.target"}},
]


@pytest.mark.parametrize(("units", "belong"), [(BELONG_TO_DISKS, True), (STAY, False)])
def test_a_service_of_the_first_stage_is_judged_by_what_it_waits_for(
    sample: Path, units: list[dict[str, Any]], belong: bool
) -> None:
    whole = [{**dict.fromkeys(UNIT, ()), "unitConfig": {}, **unit} for unit in units]
    found = value(
        sample,
        f"map (import {ADAPTER}/disk-unit.nix) (builtins.fromJSON {json.dumps(json.dumps(whole))})",
    )
    assert [unit for unit, told in zip(units, found, strict=True) if told is not belong] == []


# ---- specialisations


def test_a_specialisation_is_served_from_its_parents_store(sample: Path) -> None:
    found = look(sample, "switchyard")
    night = found["specialisations"]["night"]
    assert sorted(found["specialisations"]) == ["night", "quiet"]
    release = value(sample, "lib.trivial.release")
    assert night["toplevel"].endswith(f"-nixos-system-switchyard-night-{release}.lab")
    assert night["drv"]["squashfsStore"] == found["drv"]["squashfsStore"]


def test_a_specialisation_that_inherits_nothing_says_why_it_is_left_out(sample: Path) -> None:
    found = value(
        sample,
        """(look (hosts.switchyard.extendModules { modules = [ {
             specialisation.alone = { inheritParentConfig = false; configuration = { }; };
           } ]; }) false).specialisations.alone""",
    )
    assert found == {
        "reason": "The specialisation alone does not inherit the host's configuration,"
        " so the netboot adapter does not reach it."
    }


def test_the_hosts_nix_reads_what_the_command_line_said_of_the_cache(sample: Path) -> None:
    told = value(
        sample,
        f"""let c = (with_ {ADAPTER}/client.nix hosts.archive).config; in {{
              conf = c.environment.etc."nix/nix.conf".text;
              before = c.systemd.services.nixie-cache.before;
            }}""",
    )
    assert told == {
        "conf": "!include /run/nixie/nix.conf",
        "before": ["nix-daemon.service"],
    }


KEYS = f"(host.extendModules {{ modules = [ {ADAPTER}/client.nix ]; }}).config"


def test_the_key_is_in_place_before_the_system_is_activated(sample: Path) -> None:
    unit = value(
        sample,
        f"""let
              host = hosts.archive;
              unit = {KEYS}.boot.initrd.systemd.services.nixie-keys;
            in {{ inherit (unit) after before wantedBy script; }}""",
    )
    assert unit["after"] == ["initrd-fs.target"]
    assert "initrd-nixos-activation.service" in unit["before"]
    assert unit["wantedBy"] == ["initrd.target"]
    assert re.search(r"chroot /sysroot /nix/store/\S+-nixie-keys ", unit["script"])


def test_the_first_stage_carries_no_program_for_the_key(sample: Path) -> None:
    script = f"{KEYS}.boot.initrd.systemd.services.nixie-keys.script"
    assert value(sample, f"let host = hosts.archive; in builtins.hasContext ({script})") is False
    kept = f"{KEYS}.systemd.services.nixie-phone-home.environment.NIXIE_KEYS"
    assert value(sample, f"let host = hosts.archive; in builtins.hasContext ({kept})") is True


def test_a_scripted_first_stage_keeps_its_own_commands_beside_the_key(sample: Path) -> None:
    own = '{ boot.initrd.postMountCommands = "echo own"; }'
    told = value(
        sample,
        f"""let host = hosts.switchyard.extendModules {{ modules = [ {own} ]; }};
            in {KEYS}.boot.initrd.postMountCommands""",
    )
    assert "echo own" in told
    assert "chroot /mnt-root /nix/store/" in told


def test_the_key_goes_where_the_hosts_ssh_server_looks(sample: Path) -> None:
    place = "/persist/etc/ssh/ssh_host_ed25519_key"
    own = f'{{ services.openssh.hostKeys = [ {{ type = "ed25519"; path = "{place}"; }} ]; }}'
    told = value(
        sample,
        f"""let host = hosts.archive.extendModules {{ modules = [ {own} ]; }};
            in {KEYS}.systemd.services.nixie-phone-home.environment.NIXIE_SSH_KEY""",
    )
    assert told == f"{place}.pub"


BOARD = """
  let
    tree = { enable = true; name = "rockchip/board.dtb"; package = derivation {
      name = "trees"; system = "x86_64-linux"; builder = "/bin/sh"; }; };
    seen = changes: let
      told = look (hosts.crucible // {
        config = hosts.crucible.config // { hardware.deviceTree = tree // changes; };
        pkgs = hosts.crucible.pkgs // { stdenv = hosts.crucible.pkgs.stdenv // {
          hostPlatform = { system = changes.system or "aarch64-linux"; }; }; };
      }) true;
    in [ told.dtbFile (told.out ? dtb) ];
  in
"""


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ("{ }", ["rockchip/board.dtb", True]),
        ("{ enable = false; }", ["", False]),
        ("{ name = null; }", ["", False]),
        ("{ package = null; }", ["", False]),
        ("{ package = /boot/trees; }", ["", False]),
        ('{ system = "x86_64-linux"; }', ["", False]),
    ],
)
def test_only_a_host_for_64_bit_arm_that_names_its_device_tree_has_one(
    sample: Path, changes: str, found: list[object]
) -> None:
    assert value(sample, f"{BOARD} seen {changes}") == found


def test_a_host_without_such_an_option_has_no_device_tree(sample: Path) -> None:
    assert look(sample, "crucible")["dtbFile"] == ""

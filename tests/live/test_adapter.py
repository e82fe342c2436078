"""The adapter on the sample's hosts, evaluated by real Nix; nothing is built."""

import json
import os
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
    ours = look(sample, "crucible")
    assert ours["toplevel"] == look(sample, "crucible", as_built=True)["toplevel"]


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


# ---- the adapter wins


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
    "boot.zfs.extraPools": '[ "tank" ]',
    "services.btrfs.autoScrub.enable": "true",
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
}


@pytest.mark.parametrize("how", ["lib.mkDefault", "", "lib.mkImageMediaOverride", "lib.mkForce"])
def test_the_adapter_wins_over_a_host(sample: Path, how: str) -> None:
    said = " ".join(f"{option} = {how} ({text});" for option, text in FORCED.items())
    asked = " ".join(f'"{option}" = names config.{option};' for option in FORCED)
    found = value(
        sample,
        f"""let config = adapted [ {{ {said} }} ] hosts.anvil;
                names = v: if builtins.isAttrs v then builtins.attrNames v else v;
            in {{ {asked} }}""",
    )
    assert found == {option: WANTED.get(option, False) for option in FORCED}


def test_a_root_that_is_forced_by_itself_gives_way(sample: Path) -> None:
    root = value(sample, '(adapted [ ] hosts.archive).fileSystems."/"')
    assert (root["fsType"], root["device"]) == ("tmpfs", "tmpfs")


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


def test_a_removed_option_is_not_set(sample: Path) -> None:
    """boot.loader.raspberryPi.enable is still declared, and an error when it has a value."""
    assert value(sample, "(adapted [ ] hosts.archive).system.build.toplevel ? drvPath") is True


# ---- findings and specialisations


def test_the_file_systems_that_stay_behind_are_named(sample: Path) -> None:
    (warning, note) = look(sample, "archive")["findings"]
    assert warning["severity"] == "warn"
    assert "/boot, /data, /home" in warning["what"]
    assert "vault" in note["what"]


def test_a_native_host_has_no_findings(sample: Path) -> None:
    assert look(sample, "crucible")["findings"] == []


def test_a_forced_module_list_is_a_finding_with_the_missing_line(sample: Path) -> None:
    found = value(
        sample,
        """(look (hosts.archive.extendModules { modules = [
             { boot.initrd.kernelModules = lib.mkForce [ "ahci" ]; } ]; }) false).findings""",
    )
    (bad,) = [finding for finding in found if finding["severity"] == "bad"]
    assert bad["missing"] == 'boot.initrd.kernelModules = [ "loop" "overlay" "squashfs" ];'


def test_a_specialisation_is_served_from_its_parents_store(sample: Path) -> None:
    found = look(sample, "switchyard")
    night = found["specialisations"]["night"]
    assert sorted(found["specialisations"]) == ["night", "quiet"]
    assert night["toplevel"].endswith("-nixos-system-switchyard-night-26.05.lab")
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

"""What a machine is told, followed as iPXE would follow it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.command_line import passes
from appliance.model.fit import INSIDE, Fit
from appliance.model.images import Image, Literal, Part
from appliance.model.table import Generation, Host
from services.netboot import script
from services.netboot.choice import Run
from services.netboot.script import Urls
from tests.services.netboot.ipxe import OLD_COMMANDS, commands, follow
from tests.services.netboot.made import MAC, image, thin_image

URLS = Urls("http://10.77.0.1", MAC, "T" * 24)
HOME = "http://10.77.0.1/up/0-1.secret"


def decided(made: Image, fits: Fit = INSIDE) -> Run:
    """Generation 3 of ember with that image."""
    generation = Generation(3, made.id, "good", {})
    return Run(Host("s1/ember", "ember", "demo", (generation,)), generation, made, fits=fits)


def program() -> Image:
    """An EFI program with a word of its own."""
    one = Part("program", "memtest.efi", 4, f"{7:064x}", (Literal(b"MZ.."),))
    return replace(image(), recipe="efi", parts=(one,), command_line="nosmp")


ALL = {
    "run": script.run(URLS, decided(image()), HOME),
    "efi": script.run(URLS, decided(program()), HOME),
    "ask": script.ask(URLS),
    "local": script.local(URLS),
    "deny": script.deny(URLS),
    "shell": script.shell(URLS),
    "hold": script.hold(URLS, "4821"),
    "page": script.page(URLS, "Nothing.", "Build.", 15),
    "autoexec": script.autoexec("http://10.77.0.1", MAC),
}


def test_a_run_fetches_kernel_then_initrd_then_boots() -> None:
    done = follow(ALL["run"])
    told = [line.split()[0] for line in done]
    assert told[-1] == "boot"
    assert told.index("kernel") < told.index("initrd")


def test_g69_the_initrd_is_named_on_the_kernels_command_line() -> None:
    done = follow(ALL["run"])
    (kernel,) = (line for line in done if line.startswith("kernel "))
    (initrd,) = (line for line in done if line.startswith("initrd "))
    assert "initrd=initrd" in kernel.split()
    assert initrd.split()[1:3] == ["--name", "initrd"]


def test_g70_the_command_line_is_the_images_own() -> None:
    (kernel,) = (line for line in follow(ALL["run"]) if line.startswith("kernel "))
    words = kernel.split()
    assert words[2:4] == ["init=/nix/store/x/init", "loglevel=4"]
    assert words[4:] == [
        "rootfstype=ramfs",
        "initrd=initrd",
        "BOOTIF=01-52-54-00-00-77-01",
        f"nixie.boot={HOME}",
    ]


@pytest.mark.parametrize("word", ["root=fstab", "rootfstype=tmpfs"])
def test_a_host_that_says_where_its_ramdisk_goes_is_obeyed(word: str) -> None:
    own = image(command_line=f"init=/nix/store/x/init {word}")
    assert "rootfstype=ramfs" not in script.run(URLS, decided(own), HOME)


def test_a_system_that_is_no_nixos_is_told_nothing_about_its_root() -> None:
    other = replace(image(command_line="boot=live"), toplevel="")
    assert "rootfstype" not in script.run(URLS, decided(other), HOME)


def test_an_efi_program_is_told_its_own_words_only() -> None:
    done = follow(ALL["efi"], settings={"platform": "efi"})
    (kernel,) = (line for line in done if line.startswith("kernel "))
    assert kernel.split()[1:] == [
        f"http://10.77.0.1/b/{'T' * 24}/{7:064x}/memtest.efi",
        "nosmp",
    ]
    assert done[-1] == "boot"


def test_an_efi_program_is_not_started_by_a_bios() -> None:
    done = follow(ALL["efi"], settings={"platform": "pcbios"})
    assert any("ember is an EFI program" in line for line in done)
    assert not [line for line in done if line.startswith("kernel ")]


def test_parts_are_asked_for_below_the_token_by_their_hash() -> None:
    (kernel,) = (line for line in follow(ALL["run"]) if line.startswith("kernel "))
    assert kernel.split()[1] == f"http://10.77.0.1/b/{'T' * 24}/{1:064x}/bzImage"


def test_a_thin_image_names_its_store_for_the_first_stage() -> None:
    done = follow(script.run(URLS, decided(thin_image(), Fit(True, "It is large.")), HOME))
    (kernel,) = (line for line in done if line.startswith("kernel "))
    (initrd,) = (line for line in done if line.startswith("initrd "))
    store = thin_image().thin[-1]
    assert initrd.split()[-1].endswith("/ramdisk")
    assert kernel.split()[-2:] == [
        f"nixie.store=http://10.77.0.1/b/{'T' * 24}/{store.sha256}/store.squashfs",
        f"nixie.store-size={store.size}",
    ]


def test_a_thick_one_of_two_forms_names_none() -> None:
    assert "nixie.store" not in script.run(URLS, decided(thin_image()), HOME)


def test_a_machine_that_has_told_nothing_is_asked_once() -> None:
    done = follow(ALL["ask"])
    assert done[-1].startswith("chain --autofree --replace http://10.77.0.1/s/")
    assert "&mem=" in done[-1]


@pytest.mark.parametrize("failing", ["kernel", "initrd"])
def test_a_failed_download_is_reported_with_its_error(failing: str) -> None:
    done = follow(ALL["run"], lambda command: command.split()[0] == failing)
    (report,) = (line for line in done if line.startswith("imgfetch"))
    assert report.endswith(f"/err?at={failing}&errno=0x2d0c613b")
    assert any("did not start" in line and failing in line for line in done)
    assert done[-1].startswith("chain --autofree --replace http://10.77.0.1/s/")


def test_a_router_that_is_away_is_asked_again_for_long_before_the_firmware_goes_on() -> None:
    def away(command: str) -> bool:
        return command.split()[0] in ("kernel", "imgfetch", "chain")

    done = follow(ALL["run"], away, steps=2000)
    assert sum(line.startswith("chain") for line in done) == 60
    assert done[-1] == "exit 1"


@pytest.mark.parametrize("name", ALL)
def test_g78b_a_command_that_old_builds_lack_never_stands_unguarded(name: str) -> None:
    assert [one for one, guarded in commands(ALL[name]) if one not in OLD_COMMANDS] == []
    optional = {"shell", "imgfetch", "sanboot", "imgfree", "menu"}
    assert [one for one, guarded in commands(ALL[name]) if one in optional and not guarded] == []


@pytest.mark.parametrize("name", ALL)
def test_a_script_survives_the_failure_of_every_command(name: str) -> None:
    plain = {"echo", "set", "goto", "exit", "iseq", "isset", "inc"}
    done = follow(ALL[name], lambda command: command.split()[0] not in plain, steps=3000)
    assert not done[-1].startswith("aborted")


def test_g73_a_held_machine_waits_in_the_request_itself() -> None:
    done = follow(ALL["hold"])
    assert done[-1].startswith("chain --autofree --replace")
    assert "/s/52-54-00-00-77-01?hold=1&" in done[-1]
    assert any("4821" in line for line in done)


def test_the_local_disk_on_bios_is_the_first_drive() -> None:
    done = follow(ALL["local"], settings={"platform": "pcbios"})
    assert "sanboot --no-describe --drive 0x80" in done


@pytest.mark.parametrize("platform", ["pcbios", "efi"])
def test_a_disk_that_does_not_start_is_reported_with_its_error(platform: str) -> None:
    failing = follow(
        ALL["local"], lambda line: line.startswith("sanboot"), settings={"platform": platform}
    )
    (report,) = (line for line in failing if line.startswith("imgfetch"))
    assert report.endswith("/err?at=disk&errno=0x2d0c613b")


def test_the_local_disk_of_a_32_bit_uefi_is_tried_too() -> None:
    done = follow(
        ALL["local"], lambda line: line.startswith("sanboot"), settings={"platform": "efi"}
    )
    assert [line for line in done if "--filename" in line][-1].endswith("\\BOOTIA32.EFI")


def lacks_64_bits(command: str) -> bool:
    return command == "cpuid --ext 29"


def test_g4_a_32_bit_processor_is_told_so_and_the_router_too() -> None:
    done = follow(ALL["run"], lacks_64_bits, settings={"buildarch": "i386"})
    assert not any(line.startswith("kernel") for line in done)
    assert any("needs a 64-bit processor" in line for line in done)
    (report,) = (line for line in done if line.startswith("imgfetch"))
    assert "/err?at=cpu&errno=" in report
    assert done[-1].startswith("chain --autofree --replace http://10.77.0.1/s/")


def test_g4_a_32_bit_build_on_a_64_bit_processor_boots() -> None:
    assert follow(ALL["run"], settings={"buildarch": "i386"})[-1] == "boot"


def test_g4_a_64_bit_build_is_not_asked() -> None:
    done = follow(ALL["run"], lacks_64_bits, settings={"buildarch": "x86_64"})
    assert done[-1] == "boot"


def test_g4_a_build_that_cannot_ask_the_processor_goes_on() -> None:
    done = follow(ALL["run"], lambda line: line.startswith("cpuid"), settings={"buildarch": "i386"})
    assert done[-1] == "boot"


@pytest.mark.parametrize("system", ["i686-linux", "aarch64-linux"])
def test_g4_only_a_64_bit_x86_image_asks_the_processor(system: str) -> None:
    other = replace(image(), system=system)
    assert "cpuid" not in script.run(URLS, decided(other), HOME)


def test_the_local_disk_on_uefi_tries_known_loaders_before_the_boot_order() -> None:
    done = follow(
        ALL["local"], lambda line: line.startswith("sanboot"), settings={"platform": "efi"}
    )
    tried = [line.rpartition("\\")[2] for line in done if "--filename" in line]
    assert tried[:2] == ["systemd-bootx64.efi", "BOOTX64.EFI"]
    assert done[-1] == "exit 1"


def test_g66_autoexec_is_a_script_that_leads_to_this_machines_script() -> None:
    assert ALL["autoexec"].startswith("#!ipxe\n")
    assert (
        follow(ALL["autoexec"])[-1].split()[2].startswith("http://10.77.0.1/s/52-54-00-00-77-01?")
    )


def test_g66_autoexec_never_falls_off_its_end() -> None:
    failing = follow(ALL["autoexec"], lambda line: line.startswith(("chain", "dhcp")))
    assert failing[-1] == "exit 1"


def test_g67_autoexec_needs_no_next_server() -> None:
    assert "next-server" not in ALL["autoexec"]
    assert "set base http://10.77.0.1\n" in ALL["autoexec"]


def test_autoexec_lets_ipxe_name_its_card_when_the_lease_is_not_ours() -> None:
    assert "/s/${net0/mac:hexhyp}?" in script.autoexec("http://10.77.0.1", None)


def test_autoexec_waits_for_dhcp_and_gives_up_in_the_end() -> None:
    done = follow(ALL["autoexec"], lambda line: line == "dhcp")
    assert done.count("dhcp") == 10
    assert done[-1] == "exit 1"


def test_g79_what_a_client_says_is_escaped_by_ipxe_itself() -> None:
    assert "serial=${serial:uristring}" in script.QUERY
    assert "ver=${version:uristring}" in script.QUERY


@given(st.text(max_size=80))
def test_g79_no_text_becomes_a_command(text: str) -> None:
    told = script.page(URLS, text, text, 3)
    plain = script.page(URLS, "x", "x", 3)
    assert len(told.splitlines()) == len(plain.splitlines())
    assert "${" not in script.literal(text)
    assert not {"||", "&&", "#"} & set(script.literal(text).split())


@pytest.mark.parametrize(
    "line", ["init=/x ${net0/mac}", "a || reboot", "a && b", "a # b", "a\u00e9"]
)
def test_g79_a_command_line_that_ipxe_would_change_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="the kernel command line has"):
        passes(line)


def test_a_command_line_over_several_lines_becomes_one() -> None:
    assert passes("init=/x\n  quiet") == "init=/x quiet"

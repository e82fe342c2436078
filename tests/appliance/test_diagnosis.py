"""One log per diagnosis: what was seen, and the one name it gets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.causes import CAUSES
from appliance.diagnosis import Diagnosis, diagnose, named
from appliance.events import Unanswered
from appliance.store.boots import BootRow, StepRow

NOW = 1000.0
Log = tuple[BootRow, list[StepRow], float]


def boot(
    state: str, ended_at: float | None = None, *, firmware: str = "pxe-x64", **facts: Any
) -> BootRow:
    return BootRow(
        "b1", "lan", "52:54:00:00:77:01", None, firmware, 0.0, ended_at, state,
        None, None, None, None, None, None, None, facts,
    )  # fmt: skip


def short(*steps: StepRow, after: float = 10.0, firmware: str = "pxe-x64", **facts: Any) -> Log:
    """A boot that ended `after` seconds of silence."""
    end = max(step.ended_at or 0.0 for step in steps) + after
    return boot("short", end, firmware=firmware, **facts), list(steps), end


def step(
    kind: str,
    name: str = "x",
    at: float = 1.0,
    status: str = "ok",
    size: int | None = None,
    /,
    *,
    seconds: float = 0.0,
    **detail: Any,
) -> StepRow:
    return StepRow(0, kind, name, at, at + seconds, size, size, status, detail)


def refused(reason: str, why: str = "it is so") -> StepRow:
    return step("dhcp", "NOTHING", 1.0, "refused", reason=reason, why=why)


def refusal(why: str) -> StepRow:
    """What a first stage reports of its store."""
    return step("report", "store", 15.0, "refused", errno=why)


def asks(at: float = 0.9, name: str = "DISCOVER", firmware: str = "pxe-x64") -> StepRow:
    return step("dhcp", name, at, firmware=firmware)


def script(kind: str, name: str = "", at: float = 5.0, **detail: Any) -> StepRow:
    return step("script", name or kind, at, kind=kind, **detail)


ASK, OFFER = asks(), step("dhcp", "OFFER", 1.0, file="x64/snponly.efi")
ACK = step("dhcp", "ACK", 1.0, file="x64/snponly.efi")
LOADER = step("loader", "x64/snponly.efi", 4.0)
AUTOEXEC = step("autoexec", "x64/autoexec.ipxe", 4.5)
RUN = script("run", "ember")
KERNEL, INITRD = step("part", "bzImage", 6.0, "ok", 9), step("part", "initrd", 7.0, "ok", 9)
SENT = [RUN, KERNEL, INITRD]
STORE = step("part", "store.squashfs", 12.0, "ok", 10)
FOREIGN = {"10.77.0.9": "proxy"}

LOGS: dict[str, Log] = {
    "pool-empty": short(ASK, refused("pool-empty", "the pool is used up")),
    "foreign-server": short(ASK, refused("foreign-server", "another server answers here")),
    "foreign-dhcp-won": short(ASK, OFFER, refused("other-server-chosen", "it chose 10.0.0.9")),
    "listening": (boot("asking"), [ASK, refused("listening")], 2.0),
    "deaf": (boot("asking"), [ASK, refused("deaf")], 2.0),
    "address-refused": short(ASK, refused("address-refused", "another device has it.")),
    "unanswered": short(ASK, refused("", "nobody knows")),
    "foreign-proxy": short(ASK, OFFER, asks(4.0, "REQUEST"), ACK, foreign=FOREIGN),
    "binl-opt60-without-43": short(ASK, OFFER, foreign={"10.77.0.9": "binl"}),
    "offer-ignored": (boot("asking"), [asks(0.0), OFFER, asks(4.0), OFFER, asks(12.0)], 13.0),
    "unknown-arch": (
        boot("asking", arch_code=5),
        [ASK, refused("unknown-arch", "there is no loader for Intel Lean Client")],
        NOW,
    ),
    "loader-missing": short(ASK, refused("loader-missing", "none is installed"), arch_code=6),
    "ladder-exhausted": short(ASK, refused("ladder-exhausted", "every loader was handed out")),
    "e18-no-tftp": (boot("asking"), [ASK, ACK], 17.0),
    "httpboot-no-connect": short(
        ASK,
        step("dhcp", "ACK", 1.0, file="http://10.77.0.1/n/x64/snponly.efi"),
        firmware="http-x64",
    ),
    "rpi-no-menu": short(ASK, OFFER, firmware="rpi"),
    "rpi-no-firmware": short(
        ACK, step("loader", "8a5b/start4.elf", 4.0, "missing"), firmware="rpi"
    ),
    "tftp-not-found": (boot("loading"), [ACK, step("loader", "ipxe.efi", 4.0, "missing")], NOW),
    "tftp-suffix-ff": short(ACK, step("loader", "ipxe.efi\\xff", 4.0, "missing", stray=True)),
    "tftp-probe": short(ACK, step("loader", "x64/snponly.efi", 4.0, probe=True)),
    "tftp-stalled": short(ACK, step("loader", "x", 4.0, "aborted", resends=6)),
    "loader-aborted": short(ACK, step("loader", "x", 4.0, "aborted", resends=1)),
    "ipxe-loop": (
        boot("loading"),
        [ACK, *(step("loader", "bios/undionly.kpxe", float(at)) for at in (4, 9, 14))],
        20.0,
    ),
    "nbp-refused-secureboot": short(ACK, LOADER, after=66.0, arch_code=7),
    "wrong-cpu-nbp": short(ACK, step("loader", "ia32/ipxe.efi", 4.0), after=3.0, arch_code=6),
    "loader-refused": short(ACK, step("loader", "bios/undionly.kpxe", 4.0), arch_code=0),
    "nbp-hang": short(ACK, LOADER, after=900.0, arch_code=7),
    "uboot-without-pxe": short(
        ACK, step("loader", "boot.scr.uimg", 4.0), firmware="uboot-arm64", after=20.0
    ),
    "autoexec-missing": short(ACK, LOADER, asks(9.0, firmware="script")),
    "script-not-fetched": short(ACK, LOADER, AUTOEXEC, asks(5.0, firmware="script")),
    "not-assigned": (boot("held", code="4821"), [script("hold")], NOW),
    "wrong-system": short(
        script("page", reason="wrong-system", sentence="ember is made for x86_64-linux.")
    ),
    "artifact-pruned": (boot("loading"), [RUN, step("part", "initrd", 6.0, "missing")], NOW),
    "build-waiting": (
        boot("loading"),
        [script("page", reason="waiting", sentence="ember is being built.")],
        NOW,
    ),
    "build-failed": short(
        script("page", reason="build-failed", sentence="ember could not be built. No disk.")
    ),
    "all-bad": short(script("page", reason="all-bad", sentence="Every one of ember is bad.")),
    "install-unsure": short(script("page", reason="install-unsure", sentence="It came back.")),
    "nothing-to-boot": short(
        script("page", reason="nothing", sentence="The host is gone.", way_out="Assign another.")
    ),
    "local-exit-failed": short(
        script("local"), step("report", "disk", 6.0, "refused", errno="0x7f22208e")
    ),
    "parts-not-fetched": short(RUN, after=900.0),
    "script-failed": (
        boot("loading"),
        [RUN, step("report", "kernel", 8.0, "refused", errno="0x2d0c613b")],
        NOW,
    ),
    "kernel-signature-refused": (
        boot("loading", sb="01"),
        [*SENT, step("report", "boot", 8.0, "refused", errno="0x0216eb8f")],
        NOW,
    ),
    "download-aborted": (
        boot("loading"),
        [RUN, KERNEL, step("part", "initrd", 7.0, "aborted", 5)],
        NOW,
    ),
    "download-slow": (
        boot("loading"),
        [RUN, KERNEL, step("part", "initrd", 7.0, "running", 33_554_432, rate=300_000)],
        NOW,
    ),
    "kernel-no-sign-of-life": (boot("starting"), SENT, 7.0 + 121),
    "unit-not-active": (
        boot("short", up={"health": "oven.service=active,mill.service=failed"}),
        [*SENT, step("up", "ember", 9.0)],
        NOW,
    ),
    "store-not-fetched": (boot("starting", store="aa"), SENT, 7.0 + 121),
    "store-wrong-hash": (boot("starting", store="aa"), [*SENT, STORE, refusal("wrong-hash")], 20.0),
    "store-failed": (boot("starting", store="aa"), [*SENT, STORE, refusal("unreachable")], 20.0),
    "ram-too-small": (
        boot("loading"),
        [RUN, KERNEL, step("report", "initrd", 8.0, "refused", errno="0x3418208b")],
        NOW,
    ),
    "fell-silent": short(ACK, LOADER, AUTOEXEC, script("shell"), after=900.0),
}


def found(name: str) -> Diagnosis:
    told = diagnose(*LOGS[name])
    assert told is not None
    return told


@pytest.mark.parametrize("name", LOGS)
def test_a_log_gets_its_name(name: str) -> None:
    assert found(name).id == name


def test_every_diagnosis_has_a_log_here() -> None:
    assert set(LOGS) == set(CAUSES)


@pytest.mark.parametrize("name", LOGS)
def test_a_diagnosis_is_sentences_without_blame_or_codes(name: str) -> None:
    told = found(name)
    for text in (told.heading, told.way_out, *told.proof):
        assert text.endswith(".")
        assert not {"!", "invalid", "failed to", "sorry", "please"} & set(text.lower().split())
    assert named(name) == told.heading


STEPS = st.builds(
    step,
    st.sampled_from(
        ["dhcp", "loader", "autoexec", "script", "menu", "part", "hold", "report", "up"]
    ),
    st.sampled_from(["DISCOVER", "OFFER", "REQUEST", "ACK", "NOTHING", "x64/snponly.efi", "cpu"]),
    st.floats(0, 900),
    st.sampled_from(["ok", "running", "aborted", "missing", "refused"]),
    st.one_of(st.none(), st.integers(0, 1 << 32)),
    seconds=st.floats(0, 900),
    kind=st.sampled_from(["run", "menu", "page", "local", "hold", "shell", "deny"]),
    reason=st.sampled_from(["", "pool-empty", "waiting", "pruned", "nothing", "from-later"]),
    firmware=st.sampled_from(["pxe-x64", "script", "chain", ""]),
    file=st.sampled_from(["", "x64/snponly.efi"]),
    probe=st.booleans(),
    rate=st.integers(0, 10_000_000),
)


@given(
    st.lists(STEPS, max_size=12),
    st.sampled_from(["pxe-x64", "pxe-bios", "http-x64", "script", "chain", "rpi", ""]),
    st.sampled_from([{}, {"foreign": FOREIGN}, {"arch_code": 6}, {"sb": "01"}]),
)
def test_whatever_was_seen_a_boot_that_fell_short_has_a_diagnosis(
    steps: list[StepRow], firmware: str, facts: dict[str, Any]
) -> None:
    told = diagnose(boot("short", NOW, firmware=firmware, **facts), steps, NOW)
    assert told is not None
    assert told.id in CAUSES
    assert told.heading.endswith(".")


@pytest.mark.parametrize("state", ["up", "served", "local"])
def test_a_boot_that_went_well_has_none(state: str) -> None:
    assert diagnose(boot(state), [ACK, LOADER, *SENT], NOW) is None


@pytest.mark.parametrize("state", ["asking", "loading", "starting", "menu"])
def test_a_boot_in_progress_has_none(state: str) -> None:
    steps = {
        "asking": [ASK, OFFER],
        "loading": [ACK, LOADER, AUTOEXEC],
        "starting": SENT,
        "menu": [ACK, LOADER, script("menu")],
    }
    last = max(one.ended_at or 0.0 for one in steps[state])
    assert diagnose(boot(state), steps[state], last + 3) is None


def test_a_kernel_is_given_its_time() -> None:
    assert diagnose(boot("starting"), SENT, 7.0 + 60) is None


def test_a_firmware_is_given_time_to_fetch() -> None:
    assert diagnose(boot("asking"), [ACK], 1.0 + 5) is None


def test_a_menu_that_is_open_for_hours_is_no_failure() -> None:
    assert diagnose(boot("menu"), [ACK, LOADER, script("menu")], 5.0 + 7 * 3600) is None


def test_a_question_for_the_size_is_not_a_load() -> None:
    probe = step("loader", "x64/snponly.efi", 4.0, probe=True)
    told = diagnose(boot("loading"), [ACK, probe, probe, probe], 20.0)
    assert told is None or told.id != "ipxe-loop"


def test_a_missing_name_before_the_right_one_is_no_failure() -> None:
    missed = step("loader", "revocations.efi", 3.0, "missing")
    assert diagnose(boot("loading"), [ACK, missed, LOADER], 5.0) is None


def test_a_download_that_came_again_whole_is_no_failure() -> None:
    broken = step("part", "initrd", 6.5, "aborted", 5)
    assert diagnose(boot("starting"), [*SENT[:2], broken, SENT[2]], 10.0) is None


def test_a_report_before_everything_was_sent_is_forgotten() -> None:
    before = step("report", "kernel", 5.5, "refused", errno="0x2d0c613b")
    told = diagnose(boot("starting"), [RUN, before, *SENT], 7.0 + 121)
    assert told is not None
    assert told.id == "kernel-no-sign-of-life"


def test_a_report_about_the_processor_names_the_image() -> None:
    report = step("report", "cpu", 6.0, "refused", errno="0x2d0c613b")
    told = diagnose(boot("loading"), [RUN, report], NOW)
    assert told is not None
    assert told.id == "wrong-system"


def test_an_ipxe_rom_that_never_fetches_its_script_has_no_missing_loader() -> None:
    url = step("dhcp", "ACK", 1.0, file="http://10.77.0.1/s/52-54-00-00-77-01")
    told = diagnose(*short(asks(firmware="script"), url, firmware="script"))
    assert told is not None
    assert told.id == "script-not-fetched"


def test_a_machine_that_chose_another_server_is_told_so_in_dhcps_words() -> None:
    told = found("foreign-dhcp-won")
    assert told.proof == ("It chose 10.0.0.9.",)


def test_every_reason_of_dhcps_has_a_cause_or_its_own_sentence() -> None:
    found = {}
    for reason in Unanswered:
        told = diagnose(*short(ASK, refused(reason, "it is so")))
        assert told is not None
        assert told.proof[0] == "It is so."
        found[reason] = told.id
    others = {reason for reason, ident in found.items() if ident == "unanswered"}
    assert others == {
        Unanswered.NO_ADDRESS_ASKED,
        Unanswered.SIGNED_IMAGES,
        Unanswered.NOT_BOOTING,
    }


def test_a_page_without_a_diagnosis_of_its_own_keeps_its_way_out() -> None:
    told = found("nothing-to-boot")
    assert (told.proof, told.way_out) == (("The host is gone.",), "Assign another.")


def test_what_is_done_in_the_admin_names_its_page() -> None:
    pages = {cause.page for cause in CAUSES.values()}
    assert pages == {"", "machines", "sources", "builds"}
    assert found("build-failed").page == "builds"


def test_an_unknown_id_is_shown_as_it_is() -> None:
    assert named("from-a-later-version") == "from-a-later-version"

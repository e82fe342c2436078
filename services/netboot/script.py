"""iPXE scripts: what a machine is told to do now.

They run on iPXE from 2019 to today.  What that asks for: a command that an old build does not know
ends the whole script, so every command that may be missing ends in `||`; files are named with
`initrd --name initrd` and `initrd=initrd`, because kernels before 5.7 find nothing otherwise; a
`chain` never follows itself without `--replace`, so nothing nests.  Whatever fails says so twice:
to the router, with ${errno}, and on the screen in a sentence.

Nothing that a client said is ever put into a script.  What a flake said is checked by `literal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.command_line import OPERATORS, UNPRINTABLE, passes
from appliance.model.names import mac_hyphens
from services.netboot.choice import Run
from services.netboot.learned import MEMORY
from services.netboot.parameters import NOBODY, Told, Who, of_boot, of_store

QUERY = (
    "uuid=${uuid}&arch=${buildarch}&plat=${platform}&sb=${efi/SecureBoot}"
    "&ver=${version:uristring}&bus=${net0/busid:hexhyp}&serial=${serial:uristring}"
    f"&mem={MEMORY}"
)
"""What the client tells about itself; expanded by iPXE, escaped by `:uristring`."""

RETRY_SECONDS = 10
TRIES = 60  # then the firmware goes on with its boot order
FIRST: Mapping[str, str] = {"linux": "kernel", "efi": "program"}
"""Recipe → the purpose of the part that is started."""
SYSTEMS_64 = ("x86_64-linux",)
"""What a build of iPXE for 32-bit x86 may or may not run: the processor decides, not the build."""

ON_DISK = (
    "\\EFI\\systemd\\systemd-bootx64.efi",
    "\\EFI\\BOOT\\BOOTX64.EFI",
    "\\EFI\\BOOT\\BOOTAA64.EFI",
    "\\EFI\\BOOT\\BOOTIA32.EFI",
)
"""Loaders on a disk's EFI partition; firmware refuses those of another processor at once."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Where this boot's things are; `base` is http:// and our address on the machine's network."""

    base: str
    mac: str
    token: str = ""

    @property
    def again(self) -> str:
        """The script of this machine, asked for afresh."""
        return f"{self.base}/s/{mac_hyphens(self.mac)}?{QUERY}"

    @property
    def hold(self) -> str:
        """The same, waiting until there is an answer."""
        return f"{self.base}/s/{mac_hyphens(self.mac)}?hold=1&{QUERY}"

    @property
    def wait(self) -> str:
        """The same, answered once there is something new to say."""
        return f"{self.base}/s/{mac_hyphens(self.mac)}?wait=1&{QUERY}"

    @property
    def boot(self) -> str:
        """The folder of this boot's parts."""
        return f"{self.base}/b/{self.token}"

    def part(self, sha256: str, name: str) -> str:
        """One part."""
        return f"{self.boot}/{sha256}/{name}"


def literal(text: str) -> str:
    """Text that iPXE will print or pass on as it is.

    Control bytes and what is not ASCII become `?`; `${` is split, because iPXE expands it wherever
    it stands; a lone `||`, `&&` or `#` is dropped, because iPXE would obey it.

    >>> literal("ember\\nreboot ${net0/mac} || shell")
    'ember?reboot $ {net0/mac} shell'
    """
    plain = UNPRINTABLE.sub("?", text).replace("${", "$ {")
    return " ".join(word for word in plain.split(" ") if word not in OPERATORS)


def run(urls: Urls, decision: Run, phone_home: str, cache: str = "", who: Who = NOBODY) -> str:
    """Boot what was decided.  `phone_home` is the URL for nixie.boot=, `cache` what nixie.cache=
    says: the binary cache's `URL=KEY`, "" without one.  Raises ValueError, see `passes`."""
    image, name = decision.image, decision.host.name
    kernel = image.part(FIRST[image.recipe])
    initrds = [part for part in decision.parts if part.purpose == "initrd"]
    words = passes(image.given_line).split()
    if image.recipe == "linux":
        words += [f"initrd={_initrd(number)}" for number in range(len(initrds))]
        words += of_boot(image, urls.mac, Told(phone_home, cache, who))
    words += of_store(decision.parts, urls.part)
    lines = [
        *_head(urls),
        f"echo Nixie: {literal(name)}, generation {decision.generation.number}",
        *(_needs_64_bits(urls, name) if image.system in SYSTEMS_64 else ()),
        *(_needs_uefi(urls, name) if image.recipe == "efi" else ()),
        "imgfree ||",
        "set at kernel",
        f"kernel {' '.join([urls.part(kernel.sha256, kernel.name), *words])} || goto failed",
    ]
    for number, part in enumerate(initrds):
        url = urls.part(part.sha256, part.name)
        lines += [
            f"set at {_initrd(number)}",
            f"initrd --name {_initrd(number)} {url} || goto failed",
        ]
    lines += [
        "set at boot",
        "boot || goto failed",
        *_failed(urls, f"{literal(name)} did not start: ${{at}} failed with error ${{why}}."),
    ]
    return _text(lines)


def ask(urls: Urls) -> str:
    """Have the machine tell of itself: a loader that DHCP led here has not done that."""
    return _text([*_head(urls), f"chain --autofree --replace {urls.again} ||", *_again(urls, 3)])


def local(urls: Urls) -> str:
    """Start from the machine's own disk; the order was found by trying firmware."""
    return _text(
        [
            *_head(urls),
            "echo Nixie: this machine starts from its own disk",
            "iseq ${platform} efi && goto efi ||",
            "set at disk",
            "sanboot --no-describe --drive 0x80 ||",
            "set why ${errno}",
            report(urls),
            "exit 0",
            ":efi",
            "set at disk",
            *(f"sanboot --no-describe --drive 0x80 --filename {path} ||" for path in ON_DISK),
            "sanboot --no-describe --drive 0 ||",
            "set why ${errno}",
            report(urls),
            "exit 1",
        ]
    )


def deny(urls: Urls) -> str:
    """Nothing for this machine; the firmware takes the next entry of its boot order."""
    return _text(
        [
            *_head(urls),
            "echo Nixie: this machine does not boot from this network.",
            "exit 1",
        ]
    )


def shell(urls: Urls) -> str:
    """iPXE's command line; leaving it comes back to us."""
    return _text(
        [
            *_head(urls),
            "echo Nixie: the iPXE shell. Leave it with exit; the menu comes back.",
            "shell ||",
            *_again(urls, 3),
        ]
    )


def hold(urls: Urls, code: str) -> str:
    """Wait for the owner; the request itself waits, by 503 and Retry-After."""
    return _text(
        [
            *_head(urls),
            "echo",
            f"echo Nixie does not know yet what this machine ({urls.mac}) shall boot.",
            f"echo Its code is {code}",
            f"echo Open {urls.base} and give the machine with this code a host.",
            "echo",
            ":wait",
            f"chain --autofree --replace {urls.hold} ||",
            "sleep 3 || shell ||",
            "goto wait",
        ]
    )


def page(urls: Urls, why: str, way_out: str, seconds: int) -> str:
    """Nothing to boot: say why, then ask again."""
    return _text(
        [
            *_head(urls),
            "echo",
            "echo Nixie has nothing to boot for this machine now.",
            f"echo   Machine  {urls.mac}",
            f"echo   Why      {literal(why)}",
            f"echo   Next     {literal(way_out)}",
            f"echo   Admin    {urls.base}",
            "echo",
            *_again(urls, seconds),
        ]
    )


def waiting(urls: Urls, why: str, way_out: str) -> str:
    """Something is being made for this machine: say how far it is, and wait by 503 and
    Retry-After."""
    return _text(
        [
            *_head(urls),
            f"echo Nixie: {literal(why)} {literal(way_out)}",
            "echo Ctrl-C opens the iPXE shell.",
            ":wait",
            f"chain --autofree --replace {urls.wait} ||",
            "inc tries ||",
            f"iseq ${{tries}} {TRIES} && goto over ||",
            f"sleep {RETRY_SECONDS} || shell ||",
            "goto wait",
            ":over",
            "echo Nixie: the router has not answered for long. The firmware goes on.",
            "exit 1",
        ]
    )


def autoexec(base: str, mac: str | None) -> str:
    """What a loader reads beside itself before anything else.

    `mac` is known when the client's address is leased; else iPXE puts in its own.  `dhcp` runs even
    though the firmware's lease is there, for our options; IPv4 only, so nothing waits for a router
    advertisement.
    """
    who = mac_hyphens(mac) if mac else "${net0/mac:hexhyp}"
    return _text(
        [
            f"set base {base}",
            "set tries:int32 0",
            "isset ${nixie-stage} && goto failed ||",
            "set nixie-stage 1",
            ":net",
            "dhcp || goto wait",
            "goto go",
            ":wait",
            "inc tries",
            "iseq ${tries} 10 && goto failed ||",
            "sleep 2 || goto failed",
            "goto net",
            ":go",
            f"chain --autofree ${{base}}/s/{who}?{QUERY} || goto failed",
            "exit 0",
            ":failed",
            f"echo Nixie: the boot server does not answer (error ${{errno}}). See {base}",
            "sleep 10 ||",
            "exit 1",
        ]
    )


def _text(lines: list[str]) -> str:
    return "\n".join(["#!ipxe", *lines]) + "\n"


def _head(urls: Urls) -> list[str]:
    return [f"set base {urls.base}", "set tries:int32 0", "set at script"]


def _initrd(number: int) -> str:
    return "initrd" if number == 0 else f"initrd{number}"


def report(urls: Urls) -> str:
    """Tell the router that ${at} failed with ${why}; its answer does not stay in memory."""
    url = f"{urls.boot}/err?at=${{at}}&errno=${{why}}"
    return f"imgfetch --name report {url} && imgfree report ||"


def _needs_64_bits(urls: Urls, name: str) -> list[str]:
    """Ask the processor (G4): a build for i386 runs on both kinds.

    Bit 0 is there on each of them: a build that finds it missing does not know the command.
    """
    return [
        "iseq ${buildarch} x86_64 && goto fits ||",
        "cpuid 0 || goto fits",
        "cpuid --ext 29 && goto fits ||",
        "set at cpu",
        "set why ${errno}",
        report(urls),
        "echo",
        f"echo Nixie: {literal(name)} needs a 64-bit processor, and this one has 32 bits.",
        f"echo Give this machine another host at {urls.base}",
        *_again(urls, RETRY_SECONDS, "unfit"),
        ":fits",
    ]


def _needs_uefi(urls: Urls, name: str) -> list[str]:
    return [
        "iseq ${platform} efi && goto uefi ||",
        "set at firmware",
        "set why ${errno}",
        report(urls),
        "echo",
        f"echo Nixie: {literal(name)} is an EFI program, and this machine started by its BIOS.",
        f"echo Switch it to UEFI, or give it another host at {urls.base}",
        *_again(urls, RETRY_SECONDS, "legacy"),
        ":uefi",
    ]


def _failed(urls: Urls, sentence: str) -> list[str]:
    return [
        ":failed",
        "set why ${errno}",
        "imgfree ||",
        report(urls),
        "echo",
        f"echo Nixie: {sentence}",
        f"echo What the router saw is at {urls.base}",
        *_again(urls, RETRY_SECONDS),
    ]


def _again(urls: Urls, seconds: int, label: str = "again") -> list[str]:
    """Ask for the script afresh, so that whatever the owner changes meanwhile counts.

    `label` names this waiting place within its script.
    """
    return [
        f":{label}",
        f"echo Nixie: asking again in {seconds} seconds. Ctrl-C opens the iPXE shell.",
        f"sleep {seconds} || goto leave_{label}",
        f"chain --autofree --replace {urls.again} ||",
        "inc tries ||",
        f"iseq ${{tries}} {TRIES} && goto over_{label} ||",
        f"goto {label}",
        f":leave_{label}",
        "shell ||",
        f"goto {label}",
        f":over_{label}",
        "echo Nixie: the router has not answered for long. The firmware goes on.",
        "exit 1",
    ]

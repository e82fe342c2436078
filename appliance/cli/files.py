"""`nixie host files`: hosts of other systems, from files here or on the web."""

from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command
from appliance.cli.words import quoted
from appliance.model.files import digest_of, file_name, is_url, url_name

MARK = "#sha256="
WHAT = "A file of this computer, or URL#sha256=HASH."


def add(group: typer.Typer) -> None:
    """Put the command into its group."""
    command(group)(files)


def files(
    call: Call,
    name: Annotated[str, typer.Argument(help="Its name; one that is there gets other files.")],
    kernel: Annotated[str, typer.Option(help=f"The kernel. {WHAT}")] = "",
    initrd: Annotated[list[str] | None, typer.Option(help=f"A ramdisk, in order. {WHAT}")] = None,
    dtb: Annotated[str, typer.Option(help=f"The device tree, for U-Boot. {WHAT}")] = "",
    efi: Annotated[str, typer.Option(help=f"An EFI program, in place of a kernel. {WHAT}")] = "",
    command_line: Annotated[str, typer.Option(help="What the kernel, or program, is told.")] = "",
    system: Annotated[str, typer.Option(help="What it runs on.")] = "x86_64-linux",
) -> None:
    """Make a host of files with checksums: an installer, a rescue system, a memory test."""
    if bool(kernel) == bool(efi):
        raise Failed(REFUSED, "Name either a kernel (--kernel), or an EFI program (--efi).")
    told = [("kernel", kernel)] if kernel else [("program", efi)]
    told += [("initrd", one) for one in initrd or ()]
    told += [("dtb", dtb)] if dtb else []
    call.did(
        call.client.put(
            f"/files/{quoted(name)}",
            {
                "files": [_file(call, purpose, given) for purpose, given in told],
                "system": system,
                "recipe": "efi" if efi else "linux",
                "command_line": command_line,
            },
        )
    )


def _file(call: Call, purpose: str, given: str) -> dict[str, str]:
    """A file as the API takes it; one of this computer is sent first."""
    place, mark, said = given.partition(MARK)
    sha256 = digest_of(said)
    if mark and not sha256:
        raise Failed(REFUSED, f"{said} is no SHA-256: it has 64 hexadecimal digits.")
    if is_url(place):
        if not mark:
            what = f"Say what {place} is to be: add {MARK} and what sha256sum prints of it."
            raise Failed(REFUSED, what)
        return {"purpose": purpose, "name": url_name(place), "sha256": sha256, "url": place}
    came = call.client.upload("/files", Path(place))["sha256"]
    if mark and came != sha256:
        raise Failed(REFUSED, f"{place} has another SHA-256: {came}. Nothing was changed.")
    return {"purpose": purpose, "name": file_name(Path(place).name), "sha256": came}

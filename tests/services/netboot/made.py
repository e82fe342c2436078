"""Images and tables to test with."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from appliance.model.images import Image, Literal, Part, Provenance, content_hash
from appliance.model.table import Generation, Host, Machine, Menu, Table, Unknown

MAC = "52:54:00:00:77:01"
STRANGER = "52:54:00:00:77:09"


def image(
    name: str = "ember",
    *,
    number: int = 1,
    command_line: str = "init=/nix/store/x/init loglevel=4",
    watched: bool = True,
) -> Image:
    """An image of two parts; `number` makes it another one."""
    host = f"s1/{name}"
    parts = (
        Part("kernel", "bzImage", 4, f"{number:064x}", (Literal(b"kern"),)),
        Part("initrd", "initrd", 6, f"{number + 1000:064x}", (Literal(b"in"), Literal(b"itrd"))),
    )
    top = f"/nix/store/{name}-{number}"
    told = Provenance("s1", "path:/x", "path:/x", "", "", 0, {}, 1e9, "here", "2.26", "native")
    ident = content_hash(host, None, parts, command_line, top)
    return Image(
        ident, host, name, None, "linux", "x86_64-linux", parts, command_line, top, watched, told
    )


def thin_image(**what: Any) -> Image:
    """The same in two forms, with two modules in its ramdisk."""
    whole = image(**what)
    ramdisk = Part("initrd", "ramdisk", 2, f"{3:064x}", (Literal(b"in"),))
    store = Part("store", "store.squashfs", 4, f"{4:064x}", (Literal(b"itrd"),))
    thin = (whole.part("kernel"), ramdisk, store)
    return replace(whole, thin=thin, initrd_modules=("virtio_net", "e1000e"))


def table(
    *images: Image,
    intent: str = "run",
    states: tuple[str, ...] = (),
    unknown: str = "hold",
    default: str | None = "s1/ember",
    rollbacks: int = 2,
    waiting: str | None = None,
    lacks: str = "",
    specialisation: str | None = None,
    specialisations: dict[str, str] | None = None,
) -> Table:
    """MAC is a machine called anvil, host ember has `images`, newest first."""
    count = len(images)
    generations = tuple(
        Generation(
            count - place,
            one.id,
            states[place] if place < len(states) else "good",
            specialisations or {} if place == 0 else {},
        )
        for place, one in enumerate(images)
    )
    return Table(
        1.0,
        {MAC: "m1"},
        {"m1": Machine("m1", "anvil", intent, "i1", "s1/ember", "u1", specialisation)},
        {"lan": Unknown(unknown, "u1")},
        {"u1": Menu("u1", "Workshop", ("s1/ember",), default, 5, rollbacks)},
        {"s1/ember": Host("s1/ember", "ember", "demo", generations, waiting, lacks)},
    )


def looked_up(*images: Image) -> Callable[[str], Image | None]:
    """A function from image id to image."""
    return {one.id: one for one in images}.get

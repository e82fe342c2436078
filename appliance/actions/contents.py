"""What two images are made of, package by package, as far as that was noted."""

from appliance.model.compare_closures import Contents, contents, unsaid
from appliance.model.images import Image
from appliance.store.looks.builds import BuildLooks

FILES = "An image made of files has no packages to compare."


def packages(
    reads: BuildLooks, before: Image, after: Image, names: tuple[str, str] = ("", "")
) -> Contents | str:
    """What is different, or a sentence why nobody knows; `names` are what they are called there."""
    both = (before, after)
    if not all(one.toplevel for one in both):
        return FILES
    was, now = (reads.closure(one.id) for one in both)
    if was is not None and now is not None:
        return contents(was, now)
    called = [name or f"image {one.id[:7]}" for name, one in zip(names, both, strict=True)]
    there = (was is not None, now is not None)
    return unsaid([name for name, known in zip(called, there, strict=True) if not known])

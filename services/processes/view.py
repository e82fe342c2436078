"""What a job sees of the file tree: some folders empty, some below them still there.

A list of words for the shell program in `privileges`.  Folders to keep are bound aside before an
empty file system covers their parents, and moved back afterwards; ancestors first, so that a
secret folder inside a kept folder is covered too.
"""

from collections.abc import Iterable, Mapping

STAGE = "/sys"  # always there, and nobody keeps state below it


def arranged(
    hidden: Mapping[str, str],
    readable: Iterable[str],
    writable: Iterable[str],
    files: Mapping[str, str],
) -> list[str]:
    """Words: hide the folders of `hidden` (mount options by path), keep the others.

    `files` gets one line more each, in the job's view only (a user that has no account on this
    machine needs one line: ssh refuses to work for a uid without a name).
    """
    locked = {_clean(path) for path in readable}
    kept = locked | {_clean(path) for path in writable}
    covers = {_clean(path): options for path, options in hidden.items()}
    words = ["stage", STAGE]
    after: list[str] = []
    places = {path: f"{STAGE}/{number}" for number, path in enumerate(sorted(kept))}
    for path in sorted({*covers, *kept}, key=lambda one: (one.count("/"), one)):
        above = _nearest(path, {*covers, *kept} - {path})
        buried = above is not None and above in covers and above not in kept
        if path in kept and buried:
            words += ["take", places[path], path]
            after += ["give", places[path], path]
            after += ["lock", path] if path in locked else []
        elif path in covers and path not in kept and not buried:
            after += ["hide", covers[path], path]
    for number, (path, line) in enumerate(files.items()):
        after += ["add", f"{STAGE}/f{number}", line, path]
    return [*words, *after, "unstage", STAGE]


def _nearest(path: str, others: set[str]) -> str | None:
    above = [one for one in others if path.startswith(one.rstrip("/") + "/")]
    return max(above, key=len, default=None)


def _clean(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))

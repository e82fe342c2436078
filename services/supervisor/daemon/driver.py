"""The door to what our nix-daemon finds when it starts."""

import os
from collections.abc import Mapping

from services.nix.daemon import DaemonRequest
from services.processes.privileges import Identity


def prepare(request: DaemonRequest, confined: Mapping[str, Identity], *, chown: bool) -> None:
    """Make the folders and write the files that `request` names.  Raises OSError."""
    for folder in request.folders:
        folder.path.mkdir(parents=True, exist_ok=True)
        os.chmod(folder.path, folder.mode)
        if chown and folder.owner in confined:
            os.chown(folder.path, confined[folder.owner].uid, confined[folder.owner].gid)
    for path, text in request.files.items():
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(text)
        os.chmod(fresh, 0o644)
        fresh.replace(path)

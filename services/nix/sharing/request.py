"""The call by which a squashfs goes that is served from others' pieces."""

from services.nix.store import Store


def drop(store: Store, path: str) -> tuple[str, ...]:
    """Take one path out of the store, now; what something still needs stays."""
    return (store.program("nix-store"), "--delete", path)

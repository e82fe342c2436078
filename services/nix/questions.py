"""What the build role asks of the store itself, as argv: nothing here changes anything."""

from services.nix.calls import NO_CACHE
from services.nix.path_sizes import asked
from services.nix.store import Store
from services.nix.versions import PRIMARY, Version


def print_dead(store: Store) -> tuple[str, ...]:
    """Say what nothing keeps."""
    return (store.program("nix-store"), "--gc", "--print-dead")


def print_invalid(store: Store, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Say which of these paths the store does not have."""
    return (store.program("nix-store"), "--check-validity", "--print-invalid", *paths)


def print_closure(store: Store, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Say everything that these paths refer to, themselves included."""
    return (store.program("nix-store"), "--query", "--requisites", *paths)


def print_registrations(store: Store, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Say hash, size, deriver and references of each path, in the form of every version."""
    return (store.program("nix-store"), "--dump-db", *paths)


def print_contents(store: Store, path: str) -> tuple[str, ...]:
    """Say everything that a path refers to, itself included, and how large each is."""
    return (str(store.nix), *asked(path), *NO_CACHE)


def print_version(store: Store) -> tuple[str, ...]:
    """Ask which Nix this is."""
    return (str(store.nix), "--version")


def print_settings(store: Store, found: Version) -> tuple[str, ...]:
    """Ask which settings are in force."""
    words = ("config", "show") if found.numbers >= PRIMARY else ("show-config",)
    return (str(store.nix), *words, "--json")

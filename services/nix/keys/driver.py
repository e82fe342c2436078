"""DOOR: the stored credentials of sources, and the router's private keys for builders.

The broker alone reads them: it hands each to the one job that needs it.
"""

from collections.abc import Callable
from pathlib import Path

from appliance.errors import Problem, Refused
from services.nix.credential import LARGEST_BYTES


def credentials_in(state: Path) -> Callable[[str], str]:
    """A reader of stored credentials, for the broker, which may read them."""

    def secret(name: str) -> str:
        place = state / "secrets/web/sources" / name
        try:
            if place.is_symlink() or place.stat().st_size > LARGEST_BYTES:
                raise OSError("not a plain small file")
            return place.read_text()
        except (OSError, ValueError):
            raise Refused(
                Problem(("credential",), "The source's credential is missing: store it again.")
            ) from None

    return secret


def cache_passwords_in(state: Path) -> Callable[[str], str]:
    """A reader of kept passwords for caches, for the broker, which may read them."""

    def password(name: str) -> str:
        place = state / "secrets/web/caches" / name
        try:
            if place.is_symlink() or place.stat().st_size > LARGEST_BYTES:
                raise OSError("not a plain small file")
            return place.read_text()
        except (OSError, ValueError):
            what = "The password of this cache is missing: write it again."
            raise Refused(Problem(("password",), what)) from None

    return password


def builder_keys_in(state: Path) -> Callable[[str], str]:
    """A reader of the router's private keys for builders, for the broker, which may read them."""

    def key(name: str) -> str:
        try:
            return (state / "secrets/build" / name).read_text()
        except (OSError, ValueError):
            what = "The router's key for this builder is missing. Try the builder: it is made then."
            raise Refused(Problem(("key",), what)) from None

    return key

"""Passwords: what is good enough, and argon2id in at most two threads at once.

One check takes 64 MiB and a tenth of a second (RFC 9106's second choice), so a semaphore keeps a
small box alive; argon2 lets other threads run meanwhile.
"""

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 256
GUESSED_FIRST = ("password", "passwort", "12345678", "qwertyui", "letmein", "nixie", "admin")


class Passwords:
    """Makes and checks argon2id hashes."""

    def __init__(self, *, memory_kib: int = 65536, rounds: int = 3) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=2)
        self._turn = BoundedSemaphore(2)
        self._nobody = ""

    def hash(self, password: str) -> str:
        """The text form, with its parameters and salt."""
        with self._turn:
            return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Check a password; for an unknown user (None) it takes just as long and says no."""
        if stored is None and not self._nobody:
            self._nobody = self.hash("nobody")
        with self._turn:
            try:
                self._hasher.verify(stored or self._nobody, password[: LONGEST + 1])
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None


def weakness(password: str, name: str) -> str | None:
    """A sentence when the password is too easy, None when it will do.

    >>> weakness("short", "owner")
    'The password has 5 characters; 10 are needed. A few words in a row are easy to remember.'
    """
    if len(password) < SHORTEST:
        return (
            f"The password has {len(password)} characters; {SHORTEST} are needed. A few words in a "
            "row are easy to remember."
        )
    if len(password) > LONGEST:
        return f"The password has {len(password)} characters; the longest allowed is {LONGEST}."
    plain = password.lower()
    if len(set(plain)) < 4 or plain.strip("0123456789!.-_ ") in (*GUESSED_FIRST, name.lower()):
        return "This is among the first passwords that anybody would try. Choose another one."
    return None

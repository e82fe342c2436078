"""How often a new device is told of: whoever invents MACs shall not fill the journal."""

AT_ONCE = 10
EACH_SECONDS = 360.0


class Allowance:
    """Ten at once, then one every six minutes.  `now` is Unix seconds; it may jump."""

    def __init__(self) -> None:
        self._left, self._at = float(AT_ONCE), 0.0

    def takes(self, now: float) -> bool:
        """Whether one more may be told now.

        >>> allowance = Allowance()
        >>> [allowance.takes(1.0) for _ in range(11)][-2:], allowance.takes(362.0)
        ([True, False], True)
        """
        passed = max(0.0, now - self._at)
        self._left, self._at = min(float(AT_ONCE), self._left + passed / EACH_SECONDS), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

"""net.db: who is no newcomer on networks that hold newcomers back.  Written by net only.

A network has a row with an empty MAC for as long as it holds newcomers back.  "" instead of a
network stands for those whom the owner let in: copied from nixie.db, so they stay in without it.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from appliance.store.journal import transaction

TABLE = """
CREATE TABLE settled (
  network TEXT NOT NULL,
  mac TEXT NOT NULL,
  PRIMARY KEY (network, mac)
) WITHOUT ROWID;
"""
LET_IN = ""
"""In place of a network: whom the owner let in."""


def settled(connection: sqlite3.Connection) -> Mapping[str, frozenset[str]]:
    """Network → who was there when it began to hold newcomers back; LET_IN → whom the owner let
    in."""
    found: dict[str, set[str]] = {}
    for network, mac in connection.execute("SELECT network, mac FROM settled"):
        found.setdefault(network, set()).update([mac] if mac else [])
    return {network: frozenset(macs) for network, macs in found.items()}


def settle(connection: sqlite3.Connection, network: str, macs: Iterable[str]) -> None:
    """These, and nobody else, are no newcomers there; the caller owns the transaction."""
    forget(connection, network)
    rows = [(network, mac) for mac in ("", *sorted(macs))]
    connection.executemany("INSERT INTO settled VALUES (?, ?)", rows)


def forget(connection: sqlite3.Connection, network: str) -> None:
    """That network holds nobody back any more."""
    connection.execute("DELETE FROM settled WHERE network = ?", (network,))


class Settlers:
    """Who is no newcomer, as net has it in force; `connection` is net.db, for its one writer."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known = dict(settled(connection))

    def admitted(self, network: str) -> frozenset[str]:
        """Of a network that holds newcomers back; of one that begins to, whoever is there now."""
        let_in = self._known.get(LET_IN, frozenset())
        return let_in | (self._known[network] if network in self._known else self._there(network))

    def hold(self, networks: Iterable[str]) -> None:
        """These networks hold newcomers back from now on, and no others."""
        wanted = set(networks)
        present = self._known.keys() - {LET_IN}
        with transaction(self._connection):
            for network in wanted - present:
                settle(self._connection, network, self._there(network))
            for network in present - wanted:
                forget(self._connection, network)
        self._known = dict(settled(self._connection))

    def let_in(self, macs: Iterable[str]) -> None:
        """The owner lets these in, and no others."""
        wanted = frozenset(macs)
        if wanted != self._known.get(LET_IN, frozenset()):
            with transaction(self._connection):
                settle(self._connection, LET_IN, wanted)
            self._known = dict(settled(self._connection))

    def _there(self, network: str) -> frozenset[str]:
        rows = self._connection.execute("SELECT mac FROM device WHERE network = ?", (network,))
        return frozenset(str(mac) for (mac,) in rows)

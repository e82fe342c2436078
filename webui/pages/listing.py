"""The address of a list: what is searched, shown, in which order, which page of it."""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends

PATH = "/machines"


@dataclass(frozen=True, slots=True)
class Listing:
    """One view of the list, as its address says it; `sort` is a column, "-" in front turns it."""

    q: str = ""
    show: str = "all"
    sort: str = "name"
    page: int = 1
    network: str = ""  # only those on it
    root: str = PATH

    @property
    def query(self) -> str:
        """What comes after the path, defaults left out.

        >>> Listing("a b", show="short", page=3).query, Listing().query
        ('?q=a+b&show=short&page=3', '')
        """
        plain = Listing()
        said = {
            name: value
            for name in ("q", "show", "network", "sort", "page")
            if (value := getattr(self, name)) != getattr(plain, name)
        }
        return f"?{urlencode(said)}" if said else ""

    @property
    def path(self) -> str:
        """Where this view is."""
        return f"{self.root}{self.query}"

    def showing(self, show: str) -> "Listing":
        """The same search among others, from its first page."""
        return replace(self, show=show, page=1)

    def on(self, network: str) -> "Listing":
        """The same on one network, "" on all, from its first page."""
        return replace(self, network=network, page=1)

    def sorted_by(self, column: str) -> "Listing":
        """By that column; the other way round when it is sorted so already."""
        return replace(self, sort=f"-{column}" if self.sort == column else column, page=1)

    def at(self, page: int) -> "Listing":
        """Another page of it."""
        return replace(self, page=page)

    def direction(self, column: str) -> str:
        """ "ascending" or "descending" when it is sorted by that column, "" otherwise."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "")


def asked(q: str = "", show: str = "all", sort: str = "name", page: str = "1") -> Listing:
    """The view that an address asks for; a page that is no number is the first."""
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    return Listing(q.strip()[:200], show, sort, max(1, number))


def asked_of_devices(
    q: str = "", show: str = "all", sort: str = "name", page: str = "1", network: str = ""
) -> Listing:
    """The same of devices, on one network or on all."""
    return replace(asked(q, show, sort, page), network=network[:15], root="/devices")


Asked = Annotated[Listing, Depends(asked)]
AskedOfDevices = Annotated[Listing, Depends(asked_of_devices)]

"""Which pages a page leads to, so that each kind is opened once."""

import re
from html.parser import HTMLParser

LEADS = {"href", "src", "hx-get"}
IDENT = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}|/[0-9a-f]{64}|/[0-9a-f]{2}(?:-[0-9a-f]{2}){5}")
NOT_PAGES = ("/logout",)


class Links(HTMLParser):
    """Collects the paths on this server that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take every attribute that leads somewhere."""
        for name, value in attributes:
            if name in LEADS and value and value.startswith("/") and not value.startswith("//"):
                path = value.partition("#")[0]
                if not path.startswith(NOT_PAGES):
                    self.paths.append(path)


def links(page: str) -> list[str]:
    """Paths in the order they come.

    >>> links('<a href="/machines?all=1#top">x</a><img src="/static/x.svg"><a href="//y/">y</a>')
    ['/machines?all=1', '/static/x.svg']
    """
    found = Links()
    found.feed(page)
    return found.paths


def kind(path: str) -> str:
    """The path without what tells one machine, device, build or source from another.

    >>> kind("/devices/02-6d-00-00-00-0a/now")
    '/devices/*/now'
    >>> kind("/builds/01a20575-c876-723d-beb2-82902cc99e3e/log?from=3")
    '/builds/*/log'
    """
    return IDENT.sub("/*", path.partition("?")[0])

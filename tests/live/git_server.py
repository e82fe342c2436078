"""A small web server on 127.0.0.1: archives as files, repositories by git http-backend.

Repositories below `private/` ask for a user and password, archives below it too.
"""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = "open-sesame"
BACKEND = Path("/usr/lib/git-core/git-http-backend")


class Answers(BaseHTTPRequestHandler):
    """CGI to git http-backend, or a file."""

    protocol_version = "HTTP/1.0"

    def __init__(self, root: Path, asked: list[str], *rest: object) -> None:
        self._root, self._asked = root, asked
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self._asked.append(path)
        if "/private/" in path and not self._knows_token():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.end_headers()
        elif ".git/" in path:
            self._git(path, query)
        else:
            self._file(path)

    def do_POST(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _knows_token(self) -> bool:
        kind, _, told = self.headers.get("Authorization", "").partition(" ")
        return kind == "Basic" and base64.b64decode(told).decode().endswith(f":{TOKEN}")

    def _file(self, path: str) -> None:
        place = self._root / path.lstrip("/")
        if not place.is_file():
            self.send_error(404)
            return
        content = place.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _git(self, path: str, query: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        done = subprocess.run(
            [str(BACKEND)],
            input=self.rfile.read(length),
            capture_output=True,
            check=False,
            env={
                "PATH": "/usr/bin:/bin",
                "GIT_PROJECT_ROOT": str(self._root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(root: Path, port: int = 0, asked: list[str] | None = None) -> Iterator[str]:
    """Serve `root`; yields "127.0.0.1:port".  Paths that are asked for go into `asked`."""
    seen = [] if asked is None else asked
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(Answers, root, seen))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def git(folder: Path, *words: str) -> str:
    """Run git in `folder` with a steady identity."""
    return subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        },
    ).stdout.strip()


def commit(folder: Path, what: str = "change") -> str:
    """Commit everything in `folder` (made a repository when it is none); returns the revision."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", what)
    return git(folder, "rev-parse", "HEAD")

"""An ssh that only writes down how it was called and plays an answer, for the scripts of the jobs.

It stands first on PATH.  Beside it stand programs that take the place of Nix's: `nix` talks to a
builder through ssh, as Nix does, and `nix-store` keeps what it is given as files.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.nix.log_lines import LogLines
from services.nix.verdict import Answer
from services.processes.privileges import Job

SSH = """#!/bin/sh
here=${0%/*}
printf '%s\\n' "$#" "$@" > "$here/argv"
for word; do
  case $word in
    IdentityFile=*) cat "${word#*=}" > "$here/identity"; stat -c %a "${word#*=}" > "$here/mode";;
    UserKnownHostsFile=*) cat "${word#*=}" > "$here/known_hosts";;
  esac
done
cat "$here/err" >&2
cat "$here/out"
exit "$(cat "$here/code")"
"""
NIX = """#!/bin/sh
for path; do :; done
echo "$path" > "${0%/*}/path"
ssh $NIX_SSHOPTS nixie-builder nix-daemon --stdio || {
  echo "error: failed to start SSH connection to 'nixie-builder'" >&2
  exit 1
}
"""
NIX_STORE = """#!/bin/sh
case $1 in
  --restore) cat > "$2"; test -s "$2";;
  --add) cp "$2" "${0%/*}/added/" && echo "/nix/store/x-${2##*/}";;
esac
"""


@dataclass(frozen=True)
class FakeSsh:
    """The folder of all these; `argv` and the others are of the last call of ssh."""

    folder: Path

    @property
    def nix(self) -> Path:
        return self.folder / "nix"

    @property
    def argv(self) -> list[str]:
        count, *words = self._said("argv").splitlines()
        assert int(count) == len(words), "an argument of more than one line"
        return words

    @property
    def key(self) -> tuple[str, str]:
        """What was in the file of the key, and the mode of that file."""
        return self._said("identity"), self._said("mode").strip()

    @property
    def known_hosts(self) -> str:
        return self._said("known_hosts")

    @property
    def added(self) -> dict[str, str]:
        """What was added to our store, by its name."""
        return {one.name: one.read_text() for one in (self.folder / "added").iterdir()}

    @property
    def left(self) -> list[Path]:
        """Temporary files that are still there."""
        return list((self.folder / "tmp").iterdir())

    def plays(self, *, out: str = "", err: str = "", code: int = 0) -> None:
        """Answer like this from now on."""
        for name, text in {"out": out, "err": err, "code": str(code)}.items():
            (self.folder / name).write_text(text)

    def answers(self, job: Job) -> Answer:
        """Run a job's commands, without walls around them; how it ended, as the broker tells."""
        done = subprocess.run(
            job.argv,
            env=self._environment(job.env),
            input=job.stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        lines = LogLines()
        for line in done.stderr.decode().splitlines():
            lines.feed(line)
        printed = "\n".join(lines.printed)
        return Answer(done.stdout.decode(), printed, done.returncode, "done", around=printed)

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        return {
            **env,
            "PATH": f"{self.folder}:/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": str(self.folder / "tmp"),
        }

    def _said(self, name: str) -> str:
        return (self.folder / name).read_text()


def fake_ssh(folder: Path) -> FakeSsh:
    """One in a new folder, that answers nothing and ends well."""
    for one in (folder, folder / "tmp", folder / "added"):
        one.mkdir()
    for name, text in {"ssh": SSH, "nix": NIX, "nix-store": NIX_STORE}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    made = FakeSsh(folder)
    made.plays()
    return made

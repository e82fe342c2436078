"""Nix's complaints as sentences.  The texts are what Nix 2.8, 2.26 and 2.34 and nixpkgs print."""

import pytest

from services.nix.complaints import BUILDING, FETCHING
from services.nix.failure import (
    answered,
    finding,
    in_flake,
    own_words,
    place,
    pointed_at,
    sentence,
)

TREE = "/nix/store/4pfpl82r8dbk1gnkbq63f62ivm0vgw4j-source"


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        (
            "Package ‘rar-7.01’ in /nix/store/x/default.nix:52 has an unfree license (‘unfree’), "
            "refusing to evaluate.",
            "unfree",
            "rar-7.01 has an unfree licence",
        ),
        (
            "Package 'openssl-1.1.1w' in x.nix:1 is marked as insecure, refusing to evaluate.",
            "insecure",
            "openssl-1.1.1w is marked as insecure",
        ),
        ("undefined variable 'currentSystem'", "impure", "builtins.currentSystem"),
        ("attribute 'currentSystem' missing", "impure", "builtins.currentSystem"),
        (
            "access to absolute path '/etc' is forbidden in pure evaluation mode (use '--impure')",
            "outside-path",
            "It reads /etc, which is outside the flake",
        ),
        (
            "access to absolute path '/home' is forbidden in pure eval mode (use '--impure')",
            "outside-path",
            "It reads /home",
        ),
        (
            "cannot build '/nix/store/ms177c9zvmxz8h1jrj5cmc58bw7qjqdp-generated.drv^out' during "
            "evaluation because the option 'allow-import-from-derivation' is disabled",
            "import-from-derivation",
            "needs generated to be built first",
        ),
        (
            "path URL 'path:/nix/store/x?dir=hosts' has unsupported parameter 'dir'",
            "old-nix",
            "too old to read a flake below the top",
        ),
        ("infinite recursion encountered", "recursion", "in a circle"),
        ("stack overflow (possible infinite recursion)", "stack-overflow", "without end"),
        ("stack overflow; max-call-depth exceeded", "stack-overflow", "without end"),
        ("out of memory", "memory", "more memory"),
        (
            "cannot update unlocked flake input 'home' in pure mode",
            "lock-older",
            "does not know every input (home)",
        ),
        (
            "cannot write modified lock file of flake 'path:/x' (use '--no-write-lock-file')",
            "lock-older",
            "flake.lock is older than flake.nix",
        ),
        (
            "The option `services.opensshh' does not exist. Definition values:\n- In `x': <set>",
            "missing-option",
            "services.opensshh does not exist",
        ),
        ("attribute 'nothing' missing", "missing-attribute", "nothing is missing"),
        (
            "\nFailed assertions:\n- The ‘fileSystems’ option is empty.\n",
            "assertion",
            "fileSystems",
        ),
        ("syntax error, unexpected '}', expecting ';'", "syntax", "unexpected '}'"),
        ("undefined variable 'token'", "undefined", "It uses token, which nobody defines."),
        ("the moon is not full", "other", "Its evaluation stops: the moon is not full."),
    ],
)
def test_an_evaluation_error_is_a_sentence(text: str, kind: str, part: str) -> None:
    found, told = finding(text)
    assert found == kind
    assert part in told.what
    assert told.severity == "bad"


PLACE = "/nix/store/5pzhbcqgcqnrkqzi6hb5sd7rcxqczmgp-source/pkgs/by-name/x/package.nix:63"
VULNERABLE = """

Known issues:
 - The server forgets who it talks to.
 - CVE-2026-0001

You can install it anyway by allowing this package, using the
following methods:
"""
PROBLEMS = """has problems:
- broken: This package is broken.
- removal: Nobody mends it. (https://example.org/4)

See also https://nixos.org/manual/nixpkgs/unstable#sec-problems
To allow evaluation regardless, use:
- NixOS: nixpkgs.config = <below code>;

    {
      problems.handlers = {
        drill.broken = "warn"; # or "ignore"
        drill.removal = "warn"; # or "ignore"
      };
    }
"""
MISSING_PLATFORM = """is not available on the requested hostPlatform:
  hostPlatform.system = "x86_64-linux"
  package.meta.platforms = [ ]
"""
REFUSED_PACKAGES = [
    ("has an unfree license (‘unfree’)", "", "unfree", "allowUnfree = true;"),
    ("has a blocklisted license (‘agpl3Only’)", "", "blocklisted", None),
    (
        "contains elements not built from source (‘binaryBytecode’)",
        "",
        "not-from-source",
        "allowNonSource = true;",
    ),
    (
        "is marked as insecure",
        VULNERABLE,
        "insecure",
        'permittedInsecurePackages = [ "drill-1.2" ];',
    ),
    ("is marked as insecure", "", "insecure", 'permittedInsecurePackages = [ "drill-1.2" ];'),
    ("is marked as broken", "", "broken", "allowBroken = true;"),
    (MISSING_PLATFORM, "", "unsupported", "allowUnsupportedSystem = true;"),
]
"""What nixpkgs holds against a package, what follows, our kind, and the line below nixpkgs.config.

The two wordings around them: check-meta.nix, commits in services/nix/complaints.py.
"""


@pytest.mark.parametrize(("words", "after", "kind", "line"), REFUSED_PACKAGES)
@pytest.mark.parametrize(
    "wording",
    [
        f"Package ‘drill-1.2’ in {PLACE} {{words}}, refusing to evaluate.\n{{after}}",
        f"Refusing to evaluate package 'drill-1.2' in {PLACE} because it {{words}}\n{{after}}",
    ],
    ids=["2024", "2026"],
)
def test_a_refused_package_is_named_with_the_line_to_add(
    wording: str, words: str, after: str, kind: str, line: str | None
) -> None:
    found, told = finding(wording.format(words=words, after=after))
    assert (found, told.missing) == (kind, f"nixpkgs.config.{line}" if line else None)
    assert told.what.startswith("drill-1.2 ")


def test_a_broken_package_of_a_new_nixpkgs_says_which_line_tries_it() -> None:
    text = f"Refusing to evaluate package 'drill-1.2' in {PLACE} because it {PROBLEMS}"
    kind, told = finding(text)
    assert kind == "problems"
    assert "broken: This package is broken. - removal: Nobody mends it." in told.what
    assert told.missing == 'nixpkgs.config.problems.handlers.drill.broken = "warn";'


def test_known_vulnerabilities_are_said() -> None:
    text = f"Package ‘drill-1.2’ in {PLACE} is marked as insecure, refusing to evaluate.\n"
    _, told = finding(text + VULNERABLE)
    assert "it: The server forgets who it talks to. - CVE-2026-0001. Use a newer one" in told.what


def test_the_forbidden_licence_is_named() -> None:
    text = f"Refusing to evaluate package 'drill-1.2' in {PLACE} because it has a blocklisted "
    _, told = finding(f"{text}license (‘agpl3Only’)")
    assert "forbids (agpl3Only)" in told.what


def test_a_warning_about_a_package_is_not_its_refusal() -> None:
    text = f"Package 'a-1' in {PLACE} has the following problem: x\nthe moon has an unfree license"
    assert finding(text)[0] == "other"


TRACE = f"""error:
       … while calling the 'elemAt' builtin
         at /opt/x/store{TREE}/hosts/a.nix:56:22:
           55|       before = builtins.getEnv "A";
           56|       environment = elemAt [ ] (stringLength (builtins.getEnv "HOME"));
             |                     ^
           57|       after = 1;
       … while evaluating
         at /nix/store/zxby8kxabw56wr0lldbhkvjl40qxfrl9-source/introspect.nix:3:1:
            3| map plain
             | ^
       error: 'builtins.elemAt' called with index 0 on a list of size 0"""


def test_an_empty_variable_is_named_when_the_failing_line_reads_one() -> None:
    kind, told = finding("'builtins.elemAt' called with index 0", TRACE, TREE)
    assert kind == "environment"
    assert "always empty in pure evaluation" in told.what


def test_a_variable_on_a_line_beside_is_not_blamed() -> None:
    assert "before" not in pointed_at(TRACE)
    assert "after" not in pointed_at(TRACE)


def test_the_place_is_the_owners_file_nearest_to_the_error() -> None:
    assert place(TRACE, TREE) == "hosts/a.nix:56"


def test_without_a_place_in_the_flake_there_is_none() -> None:
    assert place("error: x", TREE) is None


def test_files_are_named_as_the_owner_knows_them() -> None:
    assert in_flake(f"In `/opt/x/store{TREE}/hosts/a.nix': no", TREE) == "In `hosts/a.nix': no"


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        (
            "unable to download 'https://api.github.com/repos/o/r/commits/HEAD': HTTP error 404",
            "private",
            "private or does not exist (the server answered 404)",
        ),
        (
            "unable to download 'https://api.github.com/repos/o/r': HTTP error 403 rate limit",
            "rate-limit",
            "rate limit",
        ),
        (
            "fatal: could not read Username for 'https://git.example.org': terminal prompts "
            "disabled",
            "private",
            "store an access token or deploy key",
        ),
        ("git@h: Permission denied (publickey).", "deploy-key", "H does not accept the deploy key"),
        ("fatal: couldn't find remote ref refs/heads/x", "no-such-revision", "no such branch"),
        (
            "Could not resolve host: git.example.org",
            "unknown-server",
            "git.example.org cannot be looked up",
        ),
        ("Couldn't resolve host name (6)", "unknown-server", "cannot be looked up"),
        ("Failed to connect to h port 80: Connection refused", "unreachable", "does not answer"),
        ("SSL certificate problem: self-signed certificate", "certificate", "not valid"),
        (
            "fatal: unable to access 'http://h/x.git/': The requested URL returned error: 429\n"
            "warning: could not update mtime for file '/x': No such file or directory",
            "rate-limit",
            "rate limit",
        ),
        ("unable to download 'http://h/x': HTTP error 503", "server", "(the server answered 503)"),
        (
            "fatal: unable to access 'http://h/': Failed to connect to h port 80\n"
            "cannot find Git revision '0123' in ref 'main' of repository 'http://h/'",
            "unreachable",
            "H does not answer",
        ),
        (
            "fatal: http://h/x/info/refs not valid: is this a git repository?",
            "no-repository",
            "git",
        ),
        ("NAR hash mismatch in input 'x'", "hash", "is not what flake.lock says"),
        ("getting status of '/x': No such file or directory", "gone", "does not exist"),
        (
            "opening Git repository \"/x\": repository path '/x' is not owned by current user",
            "unreadable-directory",
            "chmod",
        ),
    ],
)
def test_a_fetch_that_failed_is_a_sentence(text: str, kind: str, part: str) -> None:
    names = {"subject": "S", "host": "H", "answered": answered(text)}
    found, told = sentence(FETCHING, text, names)
    assert found == kind
    assert part in told


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("error: writing to file: No space left on device", "disk"),
        ("building of 'x' timed out after 1800 seconds of silence", "silent"),
        ("building of 'x' timed out after 5 seconds", "timeout"),
        ("killed after writing more than 1000000 bytes of log output", "output"),
        ("a 'aarch64-linux' with features {} is required to build 'x', but I am", "system"),
        ("hash mismatch in fixed-output derivation '/nix/store/x.drv'", "hash"),
        ("cannot build missing derivation '/nix/store/x.drv'", "gone"),
        ("cannot connect to socket at '/s': Connection refused", "no-daemon"),
        ("builder for '/nix/store/x.drv' failed with exit code 3", "failed"),
    ],
)
def test_a_build_that_failed_is_of_a_known_kind(text: str, kind: str) -> None:
    assert sentence(BUILDING, text)[0] == kind


def test_nixs_own_words_are_short_and_whole() -> None:
    assert own_words("a\n  … while\n at x\nb " + "c" * 2_000).startswith("a b ccc")
    assert len(own_words("x" * 5_000)) <= 601


def test_silence_is_said_too() -> None:
    assert own_words("") == "nix gave no reason."

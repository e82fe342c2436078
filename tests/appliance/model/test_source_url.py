import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.source_url import NotASource, SourceUrl, parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def refusal(text: str, *allowed: str) -> str:
    with pytest.raises(NotASource) as caught:
        parse(text, allowed)
    return caught.value.what


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("github:owner/repo", {"type": "github", "owner": "owner", "repo": "repo"}),
        (
            "github:owner/repo/release-26.05",
            {"type": "github", "owner": "owner", "repo": "repo", "ref": "release-26.05"},
        ),
        (
            f"github:owner/repo/{COMMIT}",
            {"type": "github", "owner": "owner", "repo": "repo", "rev": COMMIT},
        ),
        (
            "github:owner/repo?host=git.example.org&ref=feature/x",
            {
                "type": "github",
                "owner": "owner",
                "repo": "repo",
                "host": "git.example.org",
                "ref": "feature/x",
            },
        ),
        (
            "gitlab:group%2Fsub/repo",
            {"type": "gitlab", "owner": "group%2Fsub", "repo": "repo"},
        ),
        ("sourcehut:~owner/repo", {"type": "sourcehut", "owner": "~owner", "repo": "repo"}),
        (
            "git+https://git.example.org/a/b.git?ref=main&shallow=1",
            {
                "type": "git",
                "url": "https://git.example.org/a/b.git",
                "ref": "main",
                "shallow": True,
            },
        ),
        (
            f"git+https://git.example.org/a/b.git?ref=main&rev={COMMIT}",
            {
                "type": "git",
                "url": "https://git.example.org/a/b.git",
                "ref": "main",
                "rev": COMMIT,
            },
        ),
        (
            "git+ssh://git@git.example.org:2222/a/b",
            {"type": "git", "url": "ssh://git@git.example.org:2222/a/b"},
        ),
        (
            "https://example.org/flake.tar.gz",
            {"type": "tarball", "url": "https://example.org/flake.tar.gz"},
        ),
        (
            "https://example.org/flake.tar.gz?key=1&dir=x",
            {"type": "tarball", "url": "https://example.org/flake.tar.gz?key=1"},
        ),
        (
            "tarball+https://example.org/latest",
            {"type": "tarball", "url": "https://example.org/latest"},
        ),
        (
            "git+http://127.0.0.1:8080/r.git",
            {"type": "git", "url": "http://127.0.0.1:8080/r.git"},
        ),
    ],
)
def test_an_address_becomes_arguments_of_fetch_tree(
    text: str, attributes: dict[str, object]
) -> None:
    assert dict(parse(text).attributes()) == attributes


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("path:/srv/flakes/a", {"type": "path", "path": "/srv/flakes/a"}),
        ("path:///srv/flakes", {"type": "path", "path": "/srv/flakes"}),
        (
            "git+file:///srv/flakes/a?ref=main",
            {"type": "git", "url": "file:///srv/flakes/a", "ref": "main"},
        ),
        (
            f"git+file:///srv/flakes/a?ref=main&rev={COMMIT}",
            {"type": "git", "url": "file:///srv/flakes/a", "ref": "main", "rev": COMMIT},
        ),
    ],
)
def test_a_directory_below_an_allowed_one_is_a_source(
    text: str, attributes: dict[str, object]
) -> None:
    url = parse(text, ("/srv/flakes",))
    assert url.local
    assert dict(url.attributes()) == attributes


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("", "github:owner/repository"),
        ("-oProxyCommand=x", "does not begin with '-'"),
        ("nixpkgs", "github:owner/repository"),
        ("owner/repo", "github:owner/repo"),
        ("/srv/flake", "path:/srv/flake"),
        ("./flake", "path:/the/whole/path"),
        ("git@github.com:owner/repo", "git+ssh://git@github.com/owner/repo"),
        ("ssh://git@example.org/x", "git+ssh://git@example.org/x"),
        ("git://example.org/x", "git+https://example.org/x"),
        ("https://github.com/owner/repo", "github:owner/repo"),
        ("https://github.com/owner/repo.git", "github:owner/repo"),
        ("https://example.org/r.git", "git+https://example.org/r.git"),
        ("https://example.org/page", "tarball+https://example.org/page"),
        ("http://example.org/x.tar.gz", "https://example.org/x.tar.gz"),
        ("git+http://example.org/x", "git+https://example.org/x"),
        ("github:owner/repo#ember", "choose the host ember"),
        ("github:owner/repo ", "white space"),
        ("github:owner/repo\u0007", "control character"),
        ("github:owner/repo%", "%"),
        ("github:owner", "github:owner/repository"),
        ("github:../repo", "owner's name"),
        ("github:owner/repo/a?ref=b", "twice"),
        (f"github:owner/repo?ref=a&rev={COMMIT}", "Keep one"),
        ("github:owner/repo?rev=main", "?ref="),
        ("github:owner/repo?ref=-x", "branch or tag"),
        ("github:owner/repo?ref=a..b", "branch or tag"),
        ("github:owner/repo?dir=../x", "leaves the flake"),
        ("github:owner/repo?dir=/etc", "leaves the flake"),
        ("github:owner/repo?color=red", "It takes ref, rev, dir, host"),
        ("github:owner/repo?ref=a%0Ab", "control character"),
        ("git+https://me:secret@example.org/x", "credential field"),
        ("git+https://me@example.org/x", "credential field"),
        ("git+ssh://-oProxyCommand=x@example.org/y", "credential field"),
        ("git+ssh://-oProxyCommand=x/y", "name of a server"),
        ("git+https://example.org", "repository is missing"),
        ("git+https:/example.org/x", "git+https://example.org/x"),
        ("git+https://example.org:0/x", "port"),
        ("git+https://example.org/../../x", "leaves its server's tree"),
        ("path:/etc", "Allow it under Sources"),
        ("path:relative", "named from the top"),
        ("path:/srv/flakes/../../etc", "without '..'"),
        ("hg+https://example.org/x", "Mercurial"),
        ("gopher://example.org", "not a kind of address"),
        ("github:ow'ner/repo", "two digits"),
    ],
)
def test_what_is_not_a_source_says_what_to_write_instead(text: str, way_out: str) -> None:
    assert way_out in refusal(text, "/srv/flakes")


def test_a_directory_beside_an_allowed_one_is_refused() -> None:
    assert "not below" in refusal("path:/srv/flakes-of-others", "/srv/flakes")


def test_a_suggested_name_is_the_last_word() -> None:
    assert parse("github:owner/repo").suggested_name() == "repo"
    assert parse("https://example.org/my.tar.gz").suggested_name() == "my"
    assert parse("git+https://example.org/a/site.git").suggested_name() == "site"


def outcome(text: str) -> SourceUrl | str:
    """What a text is read as, or the sentence that refuses it."""
    try:
        return parse(text, ("/",))
    except NotASource as refused:
        return refused.what


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_by_a_sentence(text: str) -> None:
    read = outcome(text)
    assert isinstance(read, SourceUrl) or read.endswith(".")


GRAMMAR = (*"git+https:/path?ref=&rev@%2F#-.~[]a0 \n", "github:", "file:")


@given(st.lists(st.sampled_from(GRAMMAR), max_size=30).map("".join))
def test_no_part_of_a_source_could_be_an_option(text: str) -> None:
    read = outcome(text)
    values = read.attributes().values() if isinstance(read, SourceUrl) else ()
    assert not any(str(value).startswith("-") for value in values)

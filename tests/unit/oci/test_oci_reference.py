"""References: Docker's normal form, what is refused, and that nothing but ShipsealError ever comes out."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ConfigError, ShipsealError
from shipseal.oci import Digest, Reference

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", None, None),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", None),
        ("nginx:5000", "docker.io", "library/nginx", "5000", None),
        ("org/app", "docker.io", "org/app", None, None),
        ("docker.io/nginx", "docker.io", "library/nginx", None, None),
        ("index.docker.io/org/app:v1", "docker.io", "org/app", "v1", None),
        ("registry-1.docker.io/library/nginx", "docker.io", "library/nginx", None, None),
        ("localhost/x", "localhost", "x", None, None),
        ("localhost:5000/x:tag", "localhost:5000", "x", "tag", None),
        ("127.0.0.1:5001/app", "127.0.0.1:5001", "app", None, None),
        ("registry:5000/a/b/c:t", "registry:5000", "a/b/c", "t", None),
        ("ghcr.io/org/app", "ghcr.io", "org/app", None, None),
        ("ghcr.io/app", "ghcr.io", "app", None, None),
        ("GHCR.io/org/app:Tag", "ghcr.io", "org/app", "Tag", None),
        ("[::1]:5000/x:t", "[::1]:5000", "x", "t", None),
        ("[2001:DB8::7]/a/b", "[2001:db8::7]", "a/b", None, None),
        (f"app@{DIGEST}", "docker.io", "library/app", None, DIGEST),
        (f"localhost:5000/x:tag@{DIGEST}", "localhost:5000", "x", "tag", DIGEST),
        (f"x@sha512:{HEX}{HEX}", "docker.io", "library/x", None, f"sha512:{HEX}{HEX}"),
        ("a__b/c-d--e.f_g", "docker.io", "a__b/c-d--e.f_g", None, None),
        (f"org/{HEX}", "docker.io", f"org/{HEX}", None, None),
        ("a/" + "b" * 253, "docker.io", "a/" + "b" * 253, None, None),
        ("x:" + "t" * 128, "docker.io", "library/x", "t" * 128, None),
    ],
)
def test_text_is_read_as_docker_reads_it(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    parsed = Reference.parse(text)
    assert (parsed.registry, parsed.repository, parsed.tag, parsed.digest) == (
        registry,
        repository,
        tag,
        digest,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a repository name"),
        ("Nginx", "must be lower-case"),
        ("Org/app", "must be lower-case"),
        ("ghcr.io/Org/app", "must be lower-case"),
        ("ghcr.io/", "is not a repository name"),
        ("/app", "is not a repository name"),
        ("a//b", "is not a repository name"),
        ("a/b/", "is not a repository name"),
        ("a___b", "is not a repository name"),
        ("-a", "is not a repository name"),
        ("a b", "is not a repository name"),
        (" nginx", "is not a repository name"),
        ("nginx\n", "is not a repository name"),
        ("nginx:tag\n", "is not a tag"),
        ("ünder", "is not a repository name"),
        ("x:", "is not a tag"),
        ("x:-a", "is not a tag"),
        ("x:a:b", "is not a tag"),
        ("x:ä", "is not a tag"),
        ("x:" + "t" * 129, "limit is 128"),
        ("a/" + "b" * 254, "limit is 255"),
        ("x@", "is not a digest"),
        ("x@sha256:abc", "is not a digest"),
        (f"x@sha256:{HEX.upper()}", "is not a digest"),
        (f"x@{DIGEST}@{DIGEST}", "is not a digest"),
        (f"@{DIGEST}", "is not a repository name"),
        ("https://ghcr.io/org/app", "begins with a scheme"),
        ("oci://ghcr.io/org/app", "begins with a scheme"),
        (HEX, "an image id is not a name"),
        ("host:port/x", "is not a host"),
        ("host:0/x", "is not a port"),
        ("host:65536/x", "is not a port"),
        ("-a.io/x", "is not a host"),
        ("a..io/x", "is not a host"),
        ("::1/x", "is not a host"),
        ("[::1/x", "is not a host"),
        ("[1:2]/x", "is not a host"),
        ("[:::]/x", "is not a host"),
        ("user@ghcr.io/x", "is not a digest"),
    ],
)
def test_what_is_no_reference_is_refused_with_its_reason(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        Reference.parse(text)
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.hint


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(ConfigError) as caught:
        Reference.parse("A" * 10_000)
    assert len(caught.value.message) < 700


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("index.docker.io/org/app:v1", "docker.io/org/app:v1"),
        ("ghcr.io/org/app", "ghcr.io/org/app"),
        (f"app:1@{DIGEST}", f"docker.io/library/app:1@{DIGEST}"),
        ("docker.io/library/a/b", "docker.io/library/a/b"),
        ("docker.io/localhost/x", "docker.io/localhost/x"),
        ("docker.io/a.b/x", "docker.io/a.b/x"),
        (f"docker.io/{HEX}", f"docker.io/library/{HEX}"),
    ],
)
def test_the_full_form_names_registry_and_folder(text: str, full: str) -> None:
    assert str(Reference.parse(text)) == full


def test_docker_hub_answers_on_another_host_than_its_name() -> None:
    assert Reference.parse("nginx").api_host == "registry-1.docker.io"
    assert Reference.parse("localhost:5000/x").api_host == "localhost:5000"


def test_no_tag_is_invented_in_the_value() -> None:
    bare = Reference.parse("nginx")
    assert bare.tag is None
    assert bare.tag_or_latest() == "latest"
    assert Reference.parse("nginx:1").tag_or_latest() == "1"


def test_another_digest_leaves_the_tag_alone() -> None:
    reference = Reference.parse("ghcr.io/org/app:1").with_digest(Digest(DIGEST))
    assert str(reference) == f"ghcr.io/org/app:1@{DIGEST}"
    assert str(reference.with_digest(None)) == "ghcr.io/org/app:1"
    assert reference.name == "ghcr.io/org/app"


def test_a_wrong_digest_cannot_be_put_in_later() -> None:
    reference = Reference.parse("ghcr.io/org/app")
    with pytest.raises(ConfigError, match="is not a digest"):
        reference.with_digest(Digest("sha256:1"))


@pytest.mark.parametrize(
    ("registry", "repository"),
    [("index.docker.io", "a/b"), ("docker.io", "nginx"), ("ghcr", "a"), ("GHCR.io", "a")],
)
def test_a_value_is_always_in_normal_form(registry: str, repository: str) -> None:
    with pytest.raises(ConfigError, match="not an image reference"):
        Reference(registry, repository)


COMPONENTS = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)?", fullmatch=True).filter(
    lambda text: len(text) < 60
)
HOSTS = st.one_of(
    st.just("docker.io"),
    st.just("index.docker.io"),
    st.just("localhost"),
    st.from_regex(r"[a-z0-9]{1,9}\.[a-z]{2,4}(:[1-9][0-9]{0,3})?", fullmatch=True),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip.compressed}]:5000"),
)
REFERENCES = st.builds(
    lambda host, parts, tag, digest: (
        "/".join([*host, *parts]) + "".join(f":{t}" for t in tag) + "".join(f"@{d}" for d in digest)
    ),
    st.lists(HOSTS, max_size=1),
    st.lists(COMPONENTS, min_size=1, max_size=4),
    st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True), max_size=1),
    st.lists(st.just(DIGEST), max_size=1),
)


@settings(max_examples=300, deadline=None)
@given(REFERENCES)
def test_the_full_form_reads_back_as_the_same_reference(text: str) -> None:
    try:
        parsed = Reference.parse(text)
    except ConfigError:
        # A first component such as "a.b" makes a host of what was meant as a path.
        return
    assert Reference.parse(str(parsed)) == parsed
    assert str(Reference.parse(str(parsed))) == str(parsed)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text(alphabet="aA0.:/@[]_-%\n", max_size=40)))
def test_any_text_is_a_reference_or_a_shipseal_error(text: str) -> None:
    with contextlib.suppress(ShipsealError):
        parsed = Reference.parse(text)
        assert Reference.parse(str(parsed)) == parsed

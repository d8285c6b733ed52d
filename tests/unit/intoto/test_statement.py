"""Statements: the same values are the same bytes, and what parsers may disagree about is refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.limits import Limit
from shipseal.errors import AttestError, Code
from shipseal.intoto.statement import (
    MAX_SUBJECTS,
    STATEMENT_V01,
    STATEMENT_V1,
    Subject,
    decode_predicate,
    encode_statement,
    parse_statement,
)
from shipseal.oci import Digest, digest_of

A, B = digest_of(b"a"), digest_of(b"b")
SHA512 = Digest(f"sha512:{'0' * 128}")
TYPE = "https://example.test/predicate/v1"


def wire(**members: Any) -> dict[str, Any]:
    return {
        "_type": STATEMENT_V1,
        "subject": [{"name": "app", "digest": {"sha256": A[7:]}}],
        "predicateType": TYPE,
        "predicate": {"one": 1},
    } | members


def encoded(**members: Any) -> bytes:
    return json.dumps(wire(**members)).encode()


def test_what_is_encoded_is_what_is_read() -> None:
    raw = encode_statement([Subject("app", A), Subject("", SHA512)], TYPE, {"b": 1, "a": {"d": 2}})
    read = parse_statement(raw)
    assert read.raw == raw
    assert read.type == STATEMENT_V1
    assert read.subjects == (Subject("app", A), Subject("", SHA512))
    assert read.predicate_type == TYPE
    assert read.predicate == b'{"a":{"d":2},"b":1}'


def test_the_order_of_a_mapping_changes_no_byte() -> None:
    one = encode_statement([Subject("app", A)], TYPE, {"a": 1, "b": {"c": 2, "d": 3}})
    other = encode_statement([Subject("app", A)], TYPE, {"b": {"d": 3, "c": 2}, "a": 1})
    assert one == other


def test_a_document_is_taken_as_it_is() -> None:
    document = b'{"spdxVersion" : "SPDX-2.3",  "name":"\xc3\xa9"}'
    raw = encode_statement([Subject("app", A)], TYPE, document)
    assert parse_statement(raw).predicate == document


def test_a_statement_covers_the_digests_that_it_names() -> None:
    read = parse_statement(encode_statement([Subject("x", A), Subject("y", B)], TYPE, {}))
    assert read.covers(A)
    assert read.covers(B)
    assert not read.covers(digest_of(b"c"))


@pytest.mark.parametrize("count", [0, MAX_SUBJECTS + 1])
def test_a_statement_is_about_something_and_not_about_everything(count: int) -> None:
    with pytest.raises(AttestError, match=f"{count} subjects") as caught:
        encode_statement([Subject("app", A)] * count, TYPE, {})
    assert caught.value.code is Code.ATTEST_INVALID


def test_the_predicate_must_be_an_object() -> None:
    with pytest.raises(AttestError, match="no JSON object"):
        encode_statement([Subject("app", A)], TYPE, b"[1]")


def test_the_older_form_is_read() -> None:
    assert parse_statement(encoded(_type=STATEMENT_V01)).covers(A)


def test_a_predicate_may_be_absent() -> None:
    value = wire()
    del value["predicate"]
    assert parse_statement(json.dumps(value).encode()).predicate == b"{}"


def test_digests_by_other_algorithms_are_ignored() -> None:
    """What cannot be compared proves nothing, and does no harm beside what can."""
    read = parse_statement(
        encoded(subject=[{"digest": {"gitCommit": "0" * 40, "md5": "x", "sha256": A[7:]}}])
    )
    assert [subject.digest for subject in read.subjects] == [A]


def test_other_fields_of_a_resource_descriptor_are_allowed() -> None:
    subject = {
        "name": "app",
        "uri": "pkg:oci/app",
        "digest": {"sha256": A[7:]},
        "mediaType": "x",
        "downloadLocation": "https://example.test",
        "content": "AA==",
        "annotations": {"a": [1]},
    }
    assert parse_statement(encoded(subject=[subject])).covers(A)


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b"", "truncated"),
        (b"null", "object"),
        (b"[]", "object"),
        (b"\xff\xfe", "utf-8"),
        (encoded()[:-3], "truncated"),
        (encoded() + b"x", "trailing"),
        (encoded(_type="https://in-toto.io/Statement/v2"), "_type"),
        (encoded(predicateType=""), "predicateType is empty"),
        (encoded(predicate=[1]), "no JSON object"),
        (encoded(predicate="text"), "no JSON object"),
        (encoded(subject=[]), "0 subjects"),
        (encoded(subject=[{"digest": {}}]), "0 digests"),
        (encoded(subject=[{"name": "x"}]), "digest"),
        (encoded(subject=[{"digest": {"sha256": A[7:].upper()}}]), "not a digest"),
        (encoded(subject=[{"digest": {"sha256": A[8:]}}]), "not a digest"),
        (encoded(subject=[{"digest": {"sha256": A[7:]}, "extra": 1}]), "unknown field `extra`"),
        (encoded(extra=1), "unknown field `extra`"),
        (encoded(subject=[{"digest": {str(n): "x" for n in range(33)}}]), "33 digests"),
    ],
)
def test_what_is_no_statement(raw: bytes, match: str) -> None:
    with pytest.raises(AttestError, match=match) as caught:
        parse_statement(raw)
    assert caught.value.code is Code.ATTEST_INVALID


@pytest.mark.parametrize(
    "name",
    ["_type", "subject", "predicateType", "predicate", "sha256", "digest"],
)
def test_a_name_that_stands_twice_is_refused(name: str) -> None:
    """One parser keeps the first, another the last: two verifiers would read two statements."""
    text = encoded().decode()
    start = text.index(f'"{name}"')
    depth = {"{": 1, "[": 1, "}": -1, "]": -1}
    level, at = 0, text.index(":", start) + 1
    while level > 0 or text[at] not in ",}":
        level += depth.get(text[at], 0)
        at += 1
    member = text[start:at]
    doubled = text[:start] + member + "," + text[start:]
    json.loads(doubled)
    with pytest.raises(AttestError, match="stands twice"):
        parse_statement(doubled.encode())


def test_the_bytes_of_a_predicate_elsewhere_hide_no_double_name() -> None:
    """The predicate is cut out before names are compared; here its bytes stand behind it once more."""
    text = (
        f'{{"_type":"{STATEMENT_V1}","predicate":{{}},"predicateType":"{TYPE}","predicateType":"x",'
        f'"subject":[{{"digest":{{"sha256":"{A[7:]}"}},"annotations":{{}}}}]}}'
    )
    with pytest.raises(AttestError, match="stands twice"):
        parse_statement(text.encode())


@pytest.mark.parametrize("depth", [100_000])
def test_endless_nesting_is_an_error_and_no_crash(depth: int) -> None:
    text = encoded().replace(b'{"one": 1}', b'{"a":' * depth + b"1" + b"}" * depth)
    with pytest.raises(AttestError, match="nested too deep"):
        parse_statement(text)
    with pytest.raises(AttestError, match="nested too deep"):
        decode_predicate(b'{"a":' * depth + b"1" + b"}" * depth, what="seal")


def test_what_stands_beside_the_predicate_has_a_limit_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has verified a signature when a claim is shown: a million subjects cost nothing."""
    limit = Limit("statement", 1000, "it is a test")
    monkeypatch.setattr("shipseal.intoto.statement._OUTSIDE", limit)
    assert parse_statement(encoded(predicate={"a": "x" * 5000})).covers(A)
    with pytest.raises(AttestError, match="beside its predicate, more than 1000: it is a test"):
        parse_statement(encoded(subject=[{"digest": {"sha256": A[7:]}}] * 20))


def test_a_statement_beyond_the_limit_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shipseal.intoto.statement.BUNDLE", Limit("bundle", 10, "a test"))
    with pytest.raises(AttestError, match="more than 10"):
        parse_statement(encoded())


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b'{"a":1,"a":2}', "'a' stands twice"),
        (b'{"a":{"b":1,"b":1}}', "'b' stands twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b"[]", "no JSON object"),
        (b"{", "not JSON"),
        (b'{"a":"\xff"}', "UTF-8"),
    ],
)
def test_a_predicate_that_decides_means_one_thing(raw: bytes, match: str) -> None:
    with pytest.raises(AttestError, match=match) as caught:
        decode_predicate(raw, what="seal")
    assert caught.value.message.startswith("seal: ")


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(AttestError) as caught:
        parse_statement(raw)
    assert caught.value.code is Code.ATTEST_INVALID


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    predicate=st.dictionaries(st.text(max_size=10), _JSON, max_size=4),
    names=st.lists(st.text(max_size=20), min_size=1, max_size=4),
)
@settings(max_examples=150)
def test_every_statement_comes_back(predicate: dict[str, Any], names: list[str]) -> None:
    subjects = [Subject(name, digest_of(name.encode())) for name in names]
    read = parse_statement(encode_statement(subjects, TYPE, predicate))
    assert read.subjects == tuple(subjects)
    assert json.loads(read.predicate) == predicate


@given(member=st.sampled_from(["_type", "subject", "predicateType"]), value=_JSON)
@settings(max_examples=150)
def test_members_of_another_type_are_refused(member: str, value: object) -> None:
    try:
        read = parse_statement(encoded(**{member: value}))
    except AttestError:
        return
    # What was accepted can only be a type that is free to choose.
    assert member == "predicateType"
    assert read.predicate_type == value

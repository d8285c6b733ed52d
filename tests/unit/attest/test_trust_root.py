"""Trusted roots: what is read, what is not, and which of several is used."""

import json
import os
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.clock import Clock
from shipseal.attest.trust_root import Origin, Window, newest_part, parse_trust_root
from shipseal.attest.trust_root_source import (
    PUBLIC_TUF,
    TufPlaces,
    embedded_root,
    named_root,
    public_root,
    tuf_places,
)
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.oci import digest_of
from tests.support.instance import FakeInstance

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOD = FakeInstance().root_document()


class FixedClock:
    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_root_is_read() -> None:
    root = parse_trust_root(raw(GOOD), what="root.json")
    (instance,) = root.instances
    assert [len(one) for one in (instance.authorities, instance.logs, instance.ct_logs)] == [1] * 3
    assert instance.timestamp_authorities[0].name == "authority, instance.test"
    assert root.digest == digest_of(raw(GOOD))
    assert (root.origin, root.age) == (Origin.FILE, None)
    assert str(root) == f"file {root.digest}, of unknown age"


def test_several_stand_one_a_line() -> None:
    lines = raw(GOOD) + b"\n" + raw(FakeInstance("GitHub, Inc.").root_document()) + b"\n"
    assert len(parse_trust_root(lines, what="roots.jsonl").instances) == 2
    pretty = json.dumps(GOOD, indent=1).encode()
    assert len(parse_trust_root(pretty, what="root.json").instances) == 1


@pytest.mark.parametrize("version", ["+json;version=0.1", ".v0.1+json", ".v0.2+json"])
def test_media_types_that_are_read(version: str) -> None:
    document = GOOD | {"mediaType": f"application/vnd.dev.sigstore.trustedroot{version}"}
    assert parse_trust_root(raw(document), what="x").instances


def authority(**changes: object) -> dict[str, Any]:
    return GOOD | {"certificateAuthorities": [GOOD["certificateAuthorities"][0] | changes]}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"", "not JSON"),
        (b"{}", "mediaType"),
        (b"[]", "array"),
        (raw(GOOD)[:-9], "not JSON"),
        (raw(GOOD).replace(b'{"mediaType"', b'{"tlogs": [], "mediaType"'), "stands twice"),
        (raw(GOOD | {"mediaType": "application/json"}), "mediaType"),
        (raw(GOOD | {"certificateAuthorities": []}), "no certificate authority"),
        (raw(GOOD | {"tlogs": {}}), "array"),
        (raw(authority(certChain={"certificates": []})), "no certificate"),
        (raw(authority(certChain={"certificates": [{"rawBytes": "MA"}]})), "base64"),
        (raw(authority(validFor={"start": "yesterday"})), "yesterday"),
        (raw(authority(validFor={"start": "2026-01-01"})), "time zone"),
        (raw(GOOD) + b"\n" + raw(GOOD | {"mediaType": "x"}), "mediaType"),
    ],
    # The certificates differ in each run, and so would names made of them.
    ids=lambda value: value if isinstance(value, str) else "root",
)
def test_what_is_no_trusted_root(text: bytes, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        parse_trust_root(text, what="root.json")
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.message.startswith("root.json: no trusted root")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_anything_else(text: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_trust_root(text, what="x")


def test_a_window_has_both_its_ends() -> None:
    window = Window(NOW, NOW + timedelta(days=1))
    assert window.covers(NOW)
    assert window.covers(NOW + timedelta(days=1))
    assert not window.covers(NOW - timedelta(microseconds=1))
    assert not window.covers(NOW + timedelta(days=1, microseconds=1))
    assert Window(None, None).covers(NOW)


def test_a_named_file_is_as_old_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "root.json"
    path.write_bytes(raw(GOOD))
    os.utime(path, (NOW.timestamp() - 3 * 86400,) * 2)
    root = named_root(path, NOW)
    assert root.age == timedelta(days=3)
    assert str(root).endswith("3 days old")
    for name in ("nowhere", "."):
        with pytest.raises(ConfigError, match="cannot be read"):
            named_root(tmp_path / name, NOW)
    path.write_bytes(b" " * (5 << 20))
    with pytest.raises(Exception, match="more than"):
        named_root(path, NOW)


def test_a_file_of_no_time_is_of_unknown_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems keep times beyond the calendar's end."""
    path = tmp_path / "root.json"
    path.write_text(json.dumps(FakeInstance().root_document()))
    real = Path.stat

    def stat(self: Path, **options: Any) -> Any:
        found = real(self, **options)
        return SimpleNamespace(st_mtime=1e15) if self == path else found

    monkeypatch.setattr(Path, "stat", stat)
    assert named_root(path, NOW).age is None


def test_the_embedded_root_is_sigstores_and_as_old_as_its_newest_part() -> None:
    root = embedded_root(NOW)
    newest = newest_part(root.instances)
    assert newest
    assert (root.origin, root.age) == (Origin.EMBEDDED, NOW - newest)
    names = {one.name for one in root.instances[0].authorities}
    assert names == {"sigstore, sigstore.dev"}
    assert root.instances[0].logs
    assert root.instances[0].timestamp_authorities


def cache(folder: Path, *, days: int = 7, listed: bytes | None = None) -> TufPlaces:
    """Write a TUF cache as python-tuf leaves it, as far as it is looked at."""
    places = TufPlaces(PUBLIC_TUF, folder / "metadata", folder / "targets")
    places.metadata.mkdir(parents=True)
    places.targets.mkdir()
    (places.targets / "trusted_root.json").write_bytes(raw(GOOD))
    expires = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = digest_of(listed or raw(GOOD)).partition(":")[2]
    targets = {"trusted_root.json": {"hashes": {"sha256": digest}, "length": 1}}
    for role in ("root", "timestamp", "snapshot", "targets"):
        signed = {"expires": expires, "targets": targets}
        path = places.metadata / f"{role}.json"
        path.write_text(json.dumps({"signed": signed}))
        os.utime(path, (NOW.timestamp() - 2 * 86400,) * 2)
    return places


def never(places: TufPlaces, clock: Clock) -> None:
    raise AssertionError("it was refreshed")


def fails(places: TufPlaces, clock: Clock) -> None:
    raise AttestError(Code.SERVICE_OUTAGE, "it does not answer")


def test_offline_the_cache_is_used_and_nothing_is_fetched(tmp_path: Path) -> None:
    root = public_root(cache(tmp_path), FixedClock(), None)
    assert (root.origin, root.age, root.note) == (Origin.CACHE, timedelta(days=2), "")
    assert root.digest == digest_of(raw(GOOD))


def test_without_a_cache_the_embedded_one_is_used(tmp_path: Path) -> None:
    places = TufPlaces(PUBLIC_TUF, tmp_path / "m", tmp_path / "t")
    root = public_root(places, FixedClock(), None)
    assert (root.origin, root.note) == (Origin.EMBEDDED, "")
    assert not places.metadata.exists()


def test_the_cache_is_refreshed_after_a_day(tmp_path: Path) -> None:
    places, clock, calls = cache(tmp_path), FixedClock(), []

    def refresh(places: TufPlaces, clock: Clock) -> None:
        calls.append(clock.now())

    root = public_root(places, clock, refresh)
    assert (len(calls), root.age) == (1, timedelta(0))
    clock.sleep(86_399)
    root = public_root(places, clock, refresh)
    assert (len(calls), root.age) == (1, timedelta(seconds=86_399))
    clock.sleep(1)
    public_root(places, clock, refresh)
    assert len(calls) == 2


def test_a_refresh_that_fails_is_said_and_not_tried_at_once_again(tmp_path: Path) -> None:
    places, clock = cache(tmp_path), FixedClock()
    root = public_root(places, clock, fails)
    assert root.origin is Origin.CACHE
    assert root.note == "the trusted root could not be refreshed: it does not answer"
    assert "a short while ago" in public_root(places, clock, never).note
    clock.sleep(600)
    assert "does not answer" in public_root(places, clock, fails).note


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda places: None, "expired at 2026-10-31"),
        (
            lambda places: (places.targets / "trusted_root.json").write_bytes(b"{}"),
            "not what its metadata lists",
        ),
        (lambda places: (places.metadata / "snapshot.json").unlink(), "cannot be used"),
        (lambda places: (places.metadata / "root.json").write_text("{"), "cannot be used"),
    ],
)
def test_a_cache_that_ended_or_broke_is_not_used_and_that_is_said(
    tmp_path: Path, change: Any, match: str
) -> None:
    places = cache(tmp_path, days=-1)
    change(places)
    root = public_root(places, FixedClock(), None)
    assert root.origin is Origin.EMBEDDED
    assert match in root.note


def test_a_cache_that_is_not_what_was_published_is_not_used(tmp_path: Path) -> None:
    places = cache(tmp_path, listed=b"another file")
    root = public_root(places, FixedClock(), None)
    assert root.origin is Origin.EMBEDDED
    assert "not what its metadata lists" in root.note


def test_a_cache_that_cannot_be_written_is_only_slower(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    places = TufPlaces(PUBLIC_TUF, tmp_path / "file" / "m", tmp_path / "file" / "t")
    assert "could not be refreshed" in public_root(places, FixedClock(), fails).note


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = tuf_places({"SHIPSEAL_CACHE": str(tmp_path)})
    assert ours.metadata.is_relative_to(tmp_path)
    theirs = tuf_places({})
    assert theirs.metadata.parts[-3:-1] == ("sigstore-python", "tuf")
    carried = files("sigstore") / "_store" / theirs.metadata.name
    assert (carried / "root.json").is_file(), "it is named as sigstore-python names it"

"""The work of `shipseal db` between its words and the advisories' room."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipseal._internal.clock import Clock, SystemClock
from shipseal._internal.durable import write_output
from shipseal._internal.limits import MIB
from shipseal._internal.progress import Reporter
from shipseal._internal.user_cache import cache_root
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.file_check import check_file
from shipseal.advisories.place import CacheFolders
from shipseal.advisories.store import Store, is_store
from shipseal.errors import ConfigError
from shipseal.wiring.advisories import (
    VARIABLE,
    advisory_database,
    advisory_facts,
    own_advisories,
)

if TYPE_CHECKING:
    from shipseal.advisories.updating import Changed
    from shipseal.config.load import LoadedConfig
    from shipseal.registry.hosts import HostSettings
    from shipseal.registry.interface import Target

NONE = "none"
"""Instead of an address: leave this out."""


@dataclass(frozen=True, slots=True)
class FeedWords:
    """What the command line says of where to fetch; None where it says nothing.

    Attributes:
        sources: addresses of OSV's archives.
        ecosystems: what to fetch.
        kev: addresses, or ``none``.
        epss: likewise.
    """

    sources: Sequence[str] | None = None
    ecosystems: Sequence[str] | None = None
    kev: Sequence[str] | None = None
    epss: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A database in a registry.

    Attributes:
        target: where.
        tag: what it is called there; empty for none.
        manifest: digest of its manifest.
        digest: of the database, and of its layer.
        size: in bytes.
    """

    target: str
    tag: str
    manifest: str
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        """Return the object of ``db-push.schema.json``."""
        return {
            "target": self.target,
            "tag": self.tag,
            "manifest": self.manifest,
            "digest": self.digest,
            "bytes": self.size,
        }


def store_for(db: Path | None, env: Mapping[str, str]) -> Store:
    """Return the store that a command changes.

    Raises:
        ConfigError: it is a folder with other files.
    """
    stamps = CacheFolders.below(cache_root(env)).stamps
    named = db or (Path(env[VARIABLE]) if env.get(VARIABLE) else None)
    own = own_advisories(env)
    store = Store(named, stamps=stamps) if named else Store.folder(own, stamps=stamps)
    if store.is_folder and store.path.is_dir() and not is_store(store.path):
        others = [path.name for path in store.path.iterdir() if not path.name.startswith(".")]
        if others:
            raise ConfigError(
                f"{store.path}: is a folder with other files ({', '.join(sorted(others)[:3])}), not a database",
                hint=f"name a file, an empty folder or a database with --db or {VARIABLE}",
                context={"path": str(store.path)},
            )
    other = not store.is_folder and store.path.exists() and not is_store(store.path)
    if other and not store.is_empty_file():
        raise ConfigError(
            f"{store.path}: is another file, not a database, and would be lost",
            hint=f"name another file with --db or {VARIABLE}",
            context={"path": str(store.path)},
        )
    return store


def facts_of(db: Path | None, env: Mapping[str, str]) -> DatabaseFacts:
    """Open the database that a command looks at, and return what is known of it.

    Raises:
        ScanError: ``scan.db-unavailable``.
    """
    return advisory_facts(db or advisory_database(env) or own_advisories(env), env)


def update_database(
    db: Path | None,
    words: FeedWords,
    env: Mapping[str, str],
    *,
    config: Path | None,
    reporter: Reporter,
    fresh: bool,
) -> "Changed":
    """Fetch what has changed.

    Raises:
        ConfigError: an address or the configuration is wrong.
        ShipsealError: something could not be fetched; nothing has changed.
    """
    from shipseal._internal.retry import RetryPolicy  # noqa: PLC0415 - httpx, pydantic
    from shipseal.advisories.updating import update  # noqa: PLC0415
    from shipseal.wiring.feed_web import FeedWeb, check_address  # noqa: PLC0415
    from shipseal.wiring.feeds import feeds_for  # noqa: PLC0415

    loaded = _loaded(config, env)
    hosts = _hosts(loaded)
    feeds = feeds_for(
        loaded.config if loaded else None,
        sources=words.sources,
        ecosystems=words.ecosystems,
        kev=_without_none(words.kev),
        epss=_without_none(words.epss),
    )
    for address in (address for each in feeds.sources().values() for address in each):
        check_address(address, hosts)
    store, clock = store_for(db, env), SystemClock()
    fetch = FeedWeb(hosts, clock, RetryPolicy(deadline=60.0, told=_told(reporter)))
    try:
        return update(store, feeds, fetch, clock.now(), reporter, fresh=fresh)
    finally:
        fetch.close()


def export_database(database: DatabaseFacts, file: Path) -> int:
    """Write the database to ``file`` and return its size.

    Raises:
        ConfigError: ``file`` is a folder.
        ShipsealError: it cannot be written; ``resource.disk-full``.
    """
    if file.is_dir():
        raise ConfigError(f"{file}: this is a folder", hint="name a file in it")
    source = database.lasting_file()
    size = source.stat().st_size
    with source.open("rb") as stream:
        write_output(file, iter(lambda: stream.read(MIB), b""), size=size)
    check_file(file)
    return size


def pull_into(
    reference: str,
    db: Path | None,
    env: Mapping[str, str],
    *,
    config: Path | None,
    reporter: Reporter,
    older: bool,
) -> "Changed":
    """Take the database that ``reference`` names.

    Raises:
        ShipsealError: it cannot be got, is none, or is older.
    """
    from shipseal.advisories.artifact import find_database  # noqa: PLC0415 - as above
    from shipseal.advisories.updating import pull  # noqa: PLC0415
    from shipseal.cli.verify_places import resolve_place  # noqa: PLC0415

    store = store_for(db, env)
    with _target(reference, config, env, reporter) as (target, name):
        stored = find_database(target, resolve_place(target, name))
        # Who names a digest has chosen this very database.
        return pull(store, target, stored, reporter, older=older or ":" in name)


def push_from(
    reference: str,
    db: Path | None,
    env: Mapping[str, str],
    *,
    config: Path | None,
    reporter: Reporter,
) -> Pushed:
    """Store the database at ``reference``.

    Raises:
        ConfigError: ``reference`` has a digest.
        ShipsealError: there is no database, or the registry refused.
    """
    from shipseal.advisories.artifact import push_database  # noqa: PLC0415 - as above

    database = facts_of(db, env)
    if database.passed_over:
        reporter.note(database.passed_over)
    with _target(reference, config, env, reporter) as (target, tag):
        if ":" in tag:
            raise ConfigError(
                f"{reference}: a digest is computed, not chosen",
                hint="name the database by a tag, or leave the tag out",
            )
        stored = push_database(target, database, tag, reporter)
        return Pushed(target.name, tag, stored.manifest, database.digest, stored.layer.size)


@contextmanager
def _target(
    reference: str, config: Path | None, env: Mapping[str, str], reporter: Reporter
) -> "Iterator[tuple[Target, str]]":
    from shipseal._internal.retry import RetryPolicy  # noqa: PLC0415 - as above
    from shipseal.cli.verify_places import opened_place, split_place  # noqa: PLC0415

    clock: Clock = SystemClock()
    hosts = _hosts(_loaded(config, env))
    name, tag = split_place(reference)
    with opened_place(name, hosts, clock, RetryPolicy(told=_told(reporter))) as target:
        yield target, tag


def _loaded(config: Path | None, env: Mapping[str, str]) -> "LoadedConfig | None":
    if config is None:
        return None
    from shipseal.config.load import load  # noqa: PLC0415 - pydantic and YAML

    return load(config, env=env, overrides={})


def _hosts(loaded: "LoadedConfig | None") -> "Mapping[str, HostSettings]":
    if loaded is None:
        return {}
    from shipseal.wiring.targets import host_settings  # noqa: PLC0415 - as above

    return host_settings(loaded.config)


def _told(reporter: Reporter) -> Callable[[Exception, float], None]:
    return lambda error, wait: reporter.note(f"{error}; trying again in {wait:.0f} s")


def _without_none(words: Sequence[str] | None) -> Sequence[str] | None:
    return [] if words is not None and list(words) == [NONE] else words

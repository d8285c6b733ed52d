"""Where advisories are fetched from, by the configuration and the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shipseal.advisories.feeds import Feeds
from shipseal.config.advisories_model import Advisories

if TYPE_CHECKING:
    from shipseal.config.model import Config


def feeds_for(
    config: "Config | None",
    *,
    sources: Sequence[str] | None = None,
    ecosystems: Sequence[str] | None = None,
    kev: Sequence[str] | None = None,
    epss: Sequence[str] | None = None,
) -> Feeds:
    """Return the feeds: what is given here, else what the configuration says, else where the data is published.

    Args:
        config: None for the defaults.
        sources: addresses of OSV's archives.
        ecosystems: what to fetch.
        kev: addresses of CISA's catalogue; an empty list leaves it out.
        epss: addresses of scores, likewise.
    """
    stated = config.advisories if config else Advisories()
    return Feeds(
        bases=tuple(stated.sources if sources is None else sources),
        ecosystems=tuple(stated.ecosystems if ecosystems is None else ecosystems),
        kev=tuple(stated.kev if kev is None else kev),
        epss=tuple(stated.epss if epss is None else epss),
    )

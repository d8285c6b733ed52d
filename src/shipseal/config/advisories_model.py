"""The section ``advisories:``: where ``shipseal db update`` fetches the data of the built-in matcher."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shipseal.config.section import Section
from shipseal.config.values import Text, without_duplicates

Addresses = Annotated[tuple[Text, ...], AfterValidator(without_duplicates)]

OSV = "https://osv-vulnerabilities.storage.googleapis.com"
KEV = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
EPSS = "https://epss.cyentia.com/epss_scores-current.csv.gz"
ECOSYSTEMS = (
    *("AlmaLinux", "Alpine", "Bitnami", "Chainguard", "Debian", "Go", "Maven", "npm", "Packagist"),
    *("PyPI", "Rocky Linux", "RubyGems", "Ubuntu", "Wolfi", "crates.io"),
)


class Advisories(Section):
    """Where advisories are fetched from. Several addresses are mirrors of one another, tried in turn."""

    sources: Addresses = Field(
        default=(OSV,),
        description="Addresses below which `ECOSYSTEM/all.zip` lies, as OSV publishes it.",
    )
    ecosystems: Addresses = Field(
        default=ECOSYSTEMS,
        description="What is fetched, by OSV's names, with a release or without: `PyPI`, `Debian:12`.",
    )
    kev: Addresses = Field(
        default=(KEV,),
        description="CISA's catalogue of known exploited vulnerabilities, as JSON; an empty list leaves it out.",
    )
    epss: Addresses = Field(
        default=(EPSS,), description="EPSS scores, as CSV; an empty list leaves them out."
    )

"""The ``status:`` section: who says how outside services are."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from shipseal.config.section import Section
from shipseal.config.values import Text, registry_host

# The same names as status/services.py has, which this room does not know; a test holds them together.
KNOWN_PAGES = ("github", "sigstore", "docker", "quay", "gitlab")


def _service(value: object) -> object:
    return value if value in KNOWN_PAGES else registry_host(value)


def _page(text: str) -> str:
    if text == "none":
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good:
        raise ValueError("expected the address of a status page's JSON, or none")
    return text


class StatusPages(Section):
    """Status pages, which are looked at when a service does not answer. Nothing is decided by what they say."""

    pages: dict[
        Annotated[str, BeforeValidator(_service), WithJsonSchema({"type": "string"})],
        Annotated[Text, AfterValidator(_page)],
    ] = Field(
        default={},
        description="Address of a page's JSON (Statuspage, Status.io or Better Stack), or `none`, by known service ("
        + ", ".join(f"`{name}`" for name in KNOWN_PAGES)
        + ") or by host.",
    )

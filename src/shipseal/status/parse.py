"""From the bytes of a status page to what it says; which product made it is seen from its shape.

=============  ==============================================  ========================================
product        asked                                           told apart by
=============  ==============================================  ========================================
Statuspage     ``/api/v2/summary.json`` (and incident.io's)    ``page`` and ``status.indicator``
Status.io      ``api.status.io/1.0/status/ID``                 ``result.status_overall``
Better Stack   ``/index.json`` (a JSON:API document)           ``data.type`` is ``status_page``
=============  ==============================================  ========================================

What a page says besides is not looked at; what it leaves out is unknown, and never good.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal.errors import Code
from shipseal.status.betterstack import read_betterstack
from shipseal.status.interface import Page, PageAddress, StatusPageError
from shipseal.status.statusio import read_statusio
from shipseal.status.statuspage import read_statuspage


def parse_page(raw: bytes, address: PageAddress) -> Page:
    """Return what a page says.

    Args:
        raw: the whole answer.
        address: who gave it.

    Raises:
        StatusPageError: ``service.outage``: it is no status page that is understood.
    """
    try:
        document = msgspec.json.decode(raw)
    except NOT_JSON as error:
        begin = raw[:64].lstrip().lower()
        what = "a web page" if begin.startswith(b"<") else "no JSON, or only a part of it"
        raise StatusPageError(address, f"its answer is {what}", code=Code.SERVICE_OUTAGE) from error
    reader = _reader(document)
    if reader is None:
        raise StatusPageError(
            address,
            "its answer is of no product that is understood (Statuspage, Status.io, Better Stack)",
            code=Code.SERVICE_OUTAGE,
        )
    return reader(document, address)


def _reader(document: Any) -> Callable[[Mapping[str, Any], PageAddress], Page] | None:
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("page"), dict) and isinstance(document.get("components"), list):
        return read_statuspage
    result, data = document.get("result"), document.get("data")
    if isinstance(result, dict) and isinstance(result.get("status_overall"), dict):
        return read_statusio
    if isinstance(data, dict) and data.get("type") == "status_page":
        return read_betterstack
    return None

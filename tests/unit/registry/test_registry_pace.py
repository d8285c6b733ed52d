"""A registry that moves bytes and never comes to an end is given up: its body, its header, and what it takes."""

from collections.abc import Callable

import pytest

from shipseal._internal.limits import MIB
from shipseal.errors import Code, RegistryError
from shipseal.registry.errors import SlowPeerError
from shipseal.registry.interface import BlobUpload
from shipseal.registry.transport import Timeouts
from shipseal.testing.fault_kinds import drip, drip_header, sip
from shipseal.testing.faults import Fault, Faults
from tests.support.clocks import ticking
from tests.support.simulated import Simulated
from tests.support.target_content import Content, staged


@pytest.mark.parametrize("kind", [drip, drip_header])
def test_an_answer_that_drips_is_given_up_within_the_deadline(
    sim: Simulated, kind: Callable[[Callable[[], object]], Fault]
) -> None:
    """Each byte comes in time, so no timeout of the network would ever end it."""
    sim.target.put_tag("v1", staged(sim.target, "dripping"))

    faults = Faults()
    dripped = faults.add(kind(ticking(sim.clock, 40)), "GET", "/tags/list")
    sim.registry.before = faults
    with pytest.raises(RegistryError, match=r"too slow|no end after") as caught:
        sim.target.list_tags()
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    # It was given up after some bytes and not begun again after the deadline. The server drips on for a moment.
    assert len(dripped.struck) <= 2
    assert sim.clock.elapsed < 4 * Timeouts().answer


def test_an_upload_that_is_hardly_taken_is_given_up(sim: Simulated) -> None:
    """The registry takes some of it within every timeout, and would for days."""
    # More than the systems of both sides hold for a connection.
    content = Content(bytes(24 * MIB))
    faults = Faults()
    sipped = faults.add(sip(ticking(sim.clock, 5000), piece=MIB), "PUT", "/blobs/uploads/")
    sim.registry.before = faults
    with pytest.raises(
        SlowPeerError, match=r"PUT .* the other side is too slow: \d+ bytes"
    ) as caught:
        sim.target.put_blob(BlobUpload(content.descriptor, content))
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    assert len(sipped.struck) == 1

"""From the text of a target to the target."""

from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy
from shipseal.errors import ConfigError
from shipseal.oci.reference import Reference
from shipseal.registry.credentials import CredentialSource
from shipseal.registry.hosts import HostSettings
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import PREFIX, LayoutTarget


def open_target(
    text: str,
    *,
    base: Path,
    hosts: Mapping[str, HostSettings],
    credentials: CredentialSource,
    clock: Clock,
    policy: RetryPolicy,
    silence: float = 60.0,
) -> Target:
    """Return the target that ``text`` names. Nothing is asked of it yet.

    Args:
        text: ``host/repository``, or ``oci:DIR`` for an OCI layout.
        base: the folder that a relative ``DIR`` is relative to.
        hosts: how to reach hosts, by host and port.
        credentials: who to be there.
        clock: for waiting and for the age of tokens.
        policy: how often and how long to try again.
        silence: seconds after which a registry that says nothing counts as gone.

    Raises:
        ConfigError: ``text`` names no target.
    """
    if text.startswith(PREFIX):
        return _layout(text, base)
    reference = Reference.parse(text)
    if reference.tag is not None or reference.digest is not None:
        raise ConfigError(
            f"target {text!r}: a target is a repository, without a tag or digest",
            hint=f"write {reference.name}; tags have their own place in the configuration",
            context={"target": text},
        )
    # Here, because httpx takes a tenth of a second to import and a layout needs none of it.
    from shipseal.registry.repository import RegistryOptions, RepositoryTarget  # noqa: PLC0415
    from shipseal.registry.transport import Timeouts  # noqa: PLC0415

    options = RegistryOptions(
        hosts=hosts,
        credentials=credentials,
        clock=clock,
        policy=policy,
        # Who waits longer for one piece of an answer waits no less for all of it.
        timeouts=Timeouts(read=silence, write=silence, answer=max(Timeouts().answer, silence)),
    )
    return RepositoryTarget(reference, options)


def _layout(text: str, base: Path) -> LayoutTarget:
    folder = text.removeprefix(PREFIX)
    if not folder:
        raise ConfigError(
            f"target {text!r}: no folder is named",
            hint="write oci:DIR",
            context={"target": text},
        )
    return LayoutTarget(base / folder, name=text)

"""A release that fails, as its journal and as a terminal show it."""

from scripts.record.case import Style, held, rules
from scripts.record.network import closed
from scripts.record.releases import project
from scripts.record.scene import Scene
from scripts.record.servers import with_password
from tests.support.registries import BASIC_USER

_JOURNAL = (
    "shipseal release --version 1.4.2 > release.log 2>&1 || "
    "{ status=$?; cat .shipseal/releases/*/journal.jsonl; exit $status; }"
)
_TERMINAL = 'script -qec "shipseal release --version 1.4.2" /dev/null'


def _at_terminal(scene: Scene) -> None:
    del scene.environment["CI"]
    scene.step(_TERMINAL, TERM="xterm-256color")


@rules("scan.gate-failed", "shipseal")
def shipseal_journal_gate_failed(scene: Scene) -> None:
    """Release an image with a critical vulnerability, and look at the journal."""
    project(scene, packages={"planted": "1.0"})
    scene.step(_JOURNAL)


@held("network.unreachable", "shipseal")
def shipseal_journal_refused(scene: Scene) -> None:
    """Release to a registry that does not run, and look at the journal."""
    made = project(scene, timeouts={"network": "2s", "retry_deadline": "1s"})
    made.targets = [f"{closed()}/org/app", "oci:./b"]
    made.configure()
    scene.step(_JOURNAL)


@rules("image.tag-exists", "shipseal")
def shipseal_terminal_tag_exists(scene: Scene) -> None:
    """Release other bytes under a version that is public, at a terminal."""
    made = project(scene)
    scene.setup("shipseal release --version 1.4.2 2>&1; rm -rf .shipseal")
    made.build({"sample": "1.1"})
    _at_terminal(scene)


@held("auth.registry-unauthorized", "shipseal", style=Style.ACTIONS)
def shipseal_terminal_wrong_password(scene: Scene) -> None:
    """Release to a registry with a wrong password, at a terminal."""
    registry = with_password(scene)
    made = project(scene)
    made.targets = [f"{registry.host}/org/app", "oci:./b"]
    made.configure()
    scene.login(registry.host, BASIC_USER, "last-year")
    _at_terminal(scene)


@held("sbom.incomplete", "shipseal")
def shipseal_journal_no_packages(scene: Scene) -> None:
    """Release an image in which Syft finds no package, and look at the journal."""
    project(scene, packages={})
    scene.step(_JOURNAL)

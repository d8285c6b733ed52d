"""Several releases on the targets of a bench, and rollbacks between them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from shipseal._internal.progress import SilentReporter
from shipseal.oci import Digest
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.folders import StateFolder
from shipseal.release.result import Status
from shipseal.release.rollback.plan import RollbackPlan, plan_rollback
from shipseal.release.rollback.result import RollbackResult, result_of_plan
from shipseal.release.rollback.run import carry_out, one_at_a_time
from shipseal.release.rollback.values import Setup, Wish
from shipseal.release.tags import TagRule
from shipseal.testing.images import build_layout
from tests.support.release_bench import Bench

TEMPLATES = ("{version}", "{major}.{minor}", "latest")
WISH = Wish(by="ann@night", reason="it answers 500")


@dataclass
class RollbackBench:
    """A bench with releases, and what a rollback on it needs.

    Attributes:
        bench: makes the releases.
        digests: of each version.
        targets: where rollbacks move tags; those of the bench unless told otherwise.
        max_age: the policy's ``scan_max_age``.
    """

    bench: Bench
    digests: dict[str, Digest] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        self.bench.tags = TEMPLATES
        # Names without the folder: what was released can be copied.
        self.bench.targets = tuple(
            LayoutTarget(self.bench.folder / name, name=f"oci:{name}") for name in "ab"
        )

    def copied(self, folder: Path) -> "RollbackBench":
        """Return the same releases in another folder, which a test may do with as it likes."""
        shutil.copytree(self.bench.folder, folder, dirs_exist_ok=True)
        made = RollbackBench(Bench(folder), dict(self.digests))
        made.bench.clock.elapsed = self.bench.clock.elapsed
        made.bench.version = self.bench.version
        return made

    @property
    def state(self) -> StateFolder:
        """The state folder of the machine that the bench is now."""
        return StateFolder(self.bench.folder / self.bench.state)

    def release(self, *versions: str) -> None:
        """Release an image of its own for each version."""
        for version in versions:
            folder = self.bench.folder / f"image {version}"
            self.bench.sample = build_layout(folder, config={"Env": [f"VERSION={version}"]})
            self.bench.version = version
            result = self.bench.run()
            assert result.status == Status.DONE, result.message
            self.digests[version] = self.bench.sample.digest
            self.bench.clock.elapsed += 3600

    def again(self, version: str) -> Path:
        """Make the bench run the release of ``version`` again, as its job would."""
        folder = self.bench.folder / f"image {version}"
        self.bench.sample = build_layout(folder, config={"Env": [f"VERSION={version}"]})
        self.bench.version = version
        return folder

    def setup(self) -> Setup:
        """Return what a rollback works with."""
        rules = self.bench.setup().rules
        return Setup(
            state=self.state,
            image="app",
            targets=self.targets or self.bench.targets,
            rules=tuple(TagRule(template) for template in self.bench.tags),
            policy=replace(rules.verify, scan_max_age=self.max_age),
            trust=rules.trust,
            clock=self.bench.clock,
            reporter=SilentReporter(),
        )

    def plan(self, wish: Wish = WISH) -> RollbackPlan:
        """Plan a rollback."""
        return plan_rollback(self.setup(), wish)

    def roll_back(self, wish: Wish = WISH) -> RollbackResult:
        """Plan and carry out a rollback, as the command does."""
        setup = self.setup()
        with one_at_a_time(setup):
            plan = plan_rollback(setup, wish)
            if plan.to is None or wish.dry_run:
                return result_of_plan(setup, wish, plan)
            return carry_out(setup, wish, plan)

    def names(self, tag: str) -> list[str]:
        """Return the versions that ``tag`` names at the targets of the bench."""
        versions = {digest: version for version, digest in self.digests.items()}
        found = [target.resolve(tag) for target in self.bench.targets]
        return [versions.get(one.digest, one.digest) if one else "nothing" for one in found]

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Be another machine, which has none of this one's journals."""
        before = self.bench.state
        self.bench.state = f"{before} elsewhere"
        yield
        self.bench.state = before

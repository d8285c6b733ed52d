"""What a release says when an image does not verify: the items that do not count, the first of them deciding."""

import shlex

from shipseal.errors import AttestError, Code
from shipseal.oci import Digest
from shipseal.verify.verdict import Verdict

_TOLD = 3


def explaining(target: str, digest: Digest) -> str:
    """Return the command that shows every check of an image, by the policy of the configuration.

    Args:
        target: name of where it lies.
        digest: of its root.
    """
    words = ("shipseal", "verify", f"{target}@{digest}", "--config", "shipseal.yaml", "--explain")
    return shlex.join(words)


def unverified(verdict: Verdict, sentence: str, *, nothing: str, hint: str) -> AttestError:
    """Return the error for a negative verdict.

    Args:
        verdict: which failed.
        sentence: what that means for what was being done.
        nothing: what to say where no item failed, because there was none.
        hint: what to do.
    """
    failed = verdict.failures()
    told = "; ".join(
        f"{item.family} of {item.platform} at {item.target}: {item.standing}"
        + (f", expected {item.expected}" if item.expected else "")
        + (f", got {item.got}" if item.got else "")
        for item in failed[:_TOLD]
    )
    more = f" (and {len(failed) - _TOLD} more)" if len(failed) > _TOLD else ""
    return AttestError(
        failed[0].standing.code if failed else Code.ATTEST_MISSING,
        f"{sentence}: {told or nothing}{more}",
        hint=hint,
        context={"digest": verdict.digest, "failed": str(len(failed))},
    )

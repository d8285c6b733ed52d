"""Waits that differ a little, so that many who failed at the same moment do not come back at the same moment.

The numbers come from a generator of its own: whoever seeded Python's shared one, in a program that imports shipseal,
finds it as he left it, also while our threads wait.
"""

import random

_OWN = random.Random()


def spread(seconds: float, *, at_most: float) -> float:
    """Return ``seconds``, lengthened by a random factor from 1 to ``at_most``."""
    return seconds * _OWN.uniform(1.0, at_most)

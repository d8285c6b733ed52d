"""The justification that every ignore owes, as keys in braces and in block form."""

WHY = (
    "impact: none here, component: the parser, tracking: 'https://example.org/upstream/1', issue: '#2', "
    "remove-when: the parser goes, description: reads past the end"
)
"""Keys for a rule in braces; it has no reason of its own."""


def why(indent: int) -> str:
    """Return the same as lines in block form.

    Args:
        indent: how far in they stand.
    """
    return "".join(f"{' ' * indent}{pair}\n" for pair in WHY.split(", "))

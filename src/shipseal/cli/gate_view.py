"""`shipseal gate explain` for people: the decision, its rules, and a row or a page for each finding."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shipseal.cli.columns import Column
from shipseal.cli.output import print_table, printable, say, say_wrapped

_WORDS = {"fail": "refuses", "unknown": "open", "pass": "passes", "ignored": "ignored"}
_UNSTATED = "unknown/unknown"
"""The platform of results that do not say whose they are."""
_ORDER = ("fail", "unknown", "pass", "ignored")
_SEVERITIES = ("critical", "high", "medium", "low", "negligible", "unknown")
_COLUMNS = (
    Column("decision", fixed=True),
    Column("vulnerability", fixed=True),
    Column("severity", fixed=True),
    Column("package"),
    Column("installed"),
    Column("fix"),
    Column("rule"),
    Column("exploited", spare=3),
    Column("from", spare=2),
    Column("platforms", spare=1),
)


def print_explanation(document: Mapping[str, Any], *, detailed: bool = False) -> None:
    """Print the explanation.

    Args:
        document: see ``gate-explanation.schema.json``.
        detailed: whether each finding gets a page with every step, not a row.
    """
    say_wrapped(f"{document['source']}: {document['summary']}")
    for rule in document["rules"]:
        say_wrapped(f"rule      {rule}")
    for item in document["mustFix"]:
        found = f"{item['findings']} finding(s)" if item["findings"] else "gone"
        say_wrapped(f"must fix  {item['id']}: {found}")
    for note in document["notes"]:
        say_wrapped(f"note      {note}")
    for item in document["vex"]:
        signer = f"signed by {item['signer']}" if item["signer"] else "which nobody signed"
        say_wrapped(printable(f"VEX       {item['source']}, {signer}"))
    for item in document["withoutEffect"]:
        say_wrapped(printable(f"no effect {_idle(item)}: {item['why']}"))
    findings = sorted(document["findings"], key=_order)
    if not findings:
        say("no such finding" if detailed else "no findings")
        return
    say()
    if detailed:
        _print_pages(findings)
    else:
        print_table(_COLUMNS, [_row(members) for members in _together(findings)])


def _idle(item: Mapping[str, Any]) -> str:
    where = f"VEX {item['document']}" if item["document"] else f"line {item['line']}"
    return f"{where}: {item['statement']}"


def _together(findings: Iterable[Mapping[str, Any]]) -> Sequence[list[Mapping[str, Any]]]:
    """Return findings that were judged alike on several platforms or in several places together."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for item in findings:
        package = item["package"]
        key = (item["id"], package["type"], package["name"], package["version"], item["rule"])
        found.setdefault(key, []).append(item)
    return tuple(found.values())


def _row(members: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    item = members[0]
    package = item["package"]
    return (
        _WORDS.get(item["status"], item["status"]),
        _name(item),
        item["severity"],
        package["name"],
        package["version"],
        ", ".join(item["fix"]["versions"]) or item["fix"]["state"],
        item["rule"],
        _exploited(item),
        item.get("origin", "unknown"),
        ", ".join(sorted({one["platform"] for one in members} - {_UNSTATED})),
    )


def _exploited(item: Mapping[str, Any]) -> str:
    """Return what is known of exploitation: that it happens, else how likely it is."""
    if kev := item.get("kev"):
        return f"since {kev['added']}"
    epss = item.get("epss")
    return f"{epss['probability']:.1%}" if epss else ""


def _name(item: Mapping[str, Any]) -> str:
    cve = next((name for name in item["aliases"] if name.startswith("CVE-")), "")
    return f"{item['id']} ({cve})" if cve and not item["id"].startswith("CVE-") else item["id"]


def _print_pages(findings: Iterable[Mapping[str, Any]]) -> None:
    for number, item in enumerate(findings):
        if number:
            say()
        package = item["package"]
        say_wrapped(
            f"{_name(item)} in {package['name']} {package['version']}{_on(item)}: "
            f"{_WORDS.get(item['status'], item['status'])}"
        )
        for step in item["steps"]:
            sign = "=>" if step["decides"] else "  "
            say_wrapped(f"  {sign} {step['key']:27} {step['text']}")
        for name, value in _facts(item):
            say_wrapped(f"  {name:12}{value}")


def _on(item: Mapping[str, Any]) -> str:
    return "" if item["platform"] == _UNSTATED else f" on {item['platform']}"


def _facts(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source = item.get("severitySource")
    yield "severity", f"{item['severity']}{f' ({source})' if source else ''}"
    for rating in item.get("cvss", ()):
        yield (
            "cvss",
            f"{rating['version']} {rating['score']} {rating['vector']} ({rating['source']})",
        )
    if kev := item.get("kev"):
        yield "exploited", f"since {kev['added']}{', by ransomware' if kev['ransomware'] else ''}"
    if epss := item.get("epss"):
        yield "likelihood", f"{epss['probability']:.2%} within 30 days"
    if published := item.get("published"):
        yield "published", published
    yield "from", item.get("origin", "unknown")
    for path in item["package"]["locations"][:3]:
        yield "path", path
    if item["package"]["layer"]:
        yield "layer", item["package"]["layer"]
    advice = item["advice"]
    if advice["command"]:
        yield "to fix it", advice["command"]
    if advice["note"]:
        yield "note" if advice["command"] else "no fix", advice["note"]


def _order(item: Mapping[str, Any]) -> tuple[int, int, str, str]:
    return (
        _ORDER.index(item["status"]),
        _SEVERITIES.index(item["severity"]),
        item["id"],
        item["package"]["name"],
    )

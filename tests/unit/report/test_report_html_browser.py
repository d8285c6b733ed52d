"""The HTML page in a real browser: it can be searched, is readable on a phone, and hostile names do nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipseal.report.html import html_page
from shipseal.report.interface import ScanOverview
from shipseal.scan.interface import Severity
from tests.support.browser import Seen, browser
from tests.support.overviews import later, overview
from tests.support.scanning import finding, scan_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.tools
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as started:
        yield started


def opened(
    chromium: "Browser",
    folder: Path,
    shown: ScanOverview,
    *,
    size: dict[str, int] = DESKTOP,
    script: bool = True,
    scheme: str = "light",
) -> Seen:
    file = folder / "page.html"
    file.write_text(html_page(shown, later))
    page = chromium.new_page(
        viewport={"width": size["width"], "height": size["height"]},
        java_script_enabled=script,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    return Seen(page, file)


def visible(seen: Seen) -> list[str]:
    return seen.page.locator("#list > .f:visible .id b").all_text_contents()


def test_it_is_searched_and_filtered(chromium: "Browser", tmp_path: Path) -> None:
    seen = opened(chromium, tmp_path, overview())
    page = seen.page
    assert len(visible(seen)) == 4
    page.fill("#q", "libssl")
    # The policy of the page forbids what Playwright waits for functions with.
    page.locator("#shown", has_text="1 of 4 shown").wait_for()
    assert visible(seen) == ["CVE-2023-5363"]
    page.keyboard.press("Escape")
    assert len(visible(seen)) == 4
    page.click("text=has a fix")
    assert visible(seen) == ["CVE-2018-7750", "CVE-2022-24302"]
    page.click(".tile.critical")
    assert visible(seen) == ["CVE-2018-7750"]
    page.fill("#q", "no such thing")
    page.wait_for_selector("#none:visible")
    page.click("text=Clear the filters")
    assert len(visible(seen)) == 4
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    assert seen.trouble == []


def test_a_finding_opens_and_its_command_is_copied(chromium: "Browser", tmp_path: Path) -> None:
    seen = opened(chromium, tmp_path, overview())
    page = seen.page
    page.locator("#list > .f summary").first.click()
    assert page.locator("#list > .f").first.locator("dl").is_visible()
    page.locator("#fixes .copy").first.click()
    page.locator("#fixes .copy", has_text="Copied").first.wait_for()
    assert seen.trouble == []


def test_it_is_light_or_dark_as_the_system_says_and_can_be_switched(
    chromium: "Browser", tmp_path: Path
) -> None:
    def ground(seen: Seen) -> str:
        return str(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, dark = (
        opened(chromium, tmp_path, overview(), scheme=name) for name in ("light", "dark")
    )
    assert ground(light) != ground(dark)
    before = ground(light)
    light.page.click("#theme")
    assert ground(light) == ground(dark)
    light.page.click("#theme")
    assert ground(light) == before


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_is_wider_than_the_screen(
    chromium: "Browser", tmp_path: Path, size: dict[str, int]
) -> None:
    long = finding(
        "CVE-1", name="n" * 300, version="1" * 200, fix_versions=("9" * 200,), purl="p" * 500
    )
    seen = opened(chromium, tmp_path, overview(scan_report(long)), size=size)
    for summary in seen.page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_it_can_be_read_without_scripts(chromium: "Browser", tmp_path: Path) -> None:
    seen = opened(chromium, tmp_path, overview(), script=False)
    assert len(visible(seen)) == 4
    seen.page.locator("#list > .f summary").first.click()
    assert seen.page.locator("#list > .f").first.locator("dl").is_visible()


ATTACKS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '"><svg onload="document.title=\'owned\'">',
    "' autofocus onfocus='document.title=1",
    "</script><script>document.title='owned'</script>",
    "javascript:document.title='owned'",
    "</style><script>document.title='owned'</script>",
]


def test_hostile_names_do_nothing(chromium: "Browser", tmp_path: Path) -> None:
    found = [
        finding(
            f"CVE-{number}{bad}",
            Severity.CRITICAL,
            name=bad,
            version=bad,
            purl=bad,
            locations=(bad,),
            description=bad,
            url=bad,
            aliases=(bad,),
            fix_versions=(bad,),
        )
        for number, bad in enumerate(ATTACKS)
    ]
    shown = overview(scan_report(*found), notes=tuple(ATTACKS), incomplete=tuple(ATTACKS))
    seen = opened(chromium, tmp_path, shown)
    title = seen.page.title()
    for summary in seen.page.locator("summary").all():
        summary.click()
    for anchor in seen.page.locator("a").all():
        assert (anchor.get_attribute("href") or "").startswith("https://")
    assert seen.page.title() == title == "Vulnerabilities of registry.example.org/shop/app:1.4.0"
    assert seen.trouble == []
    assert seen.page.locator("main script, main img, main svg").count() == 0


def test_this_test_can_see_a_script_run(chromium: "Browser", tmp_path: Path) -> None:
    """The policy of the page stops a script even where escaping would be forgotten; without both it would run."""
    text = html_page(overview(), later).replace("All findings", "<img src=x onerror='alert(1)'>")
    file = tmp_path / "bad.html"
    file.write_text(text)
    stopped = Seen(chromium.new_page(), file)
    assert stopped.page.evaluate("1") == 1
    assert any("Content Security Policy" in line for line in stopped.trouble)
    assert "dialog" not in stopped.trouble
    file.write_text(text.replace("Content-Security-Policy", "x-none"))
    bare = Seen(chromium.new_page(), file)
    bare.page.wait_for_timeout(300)
    assert "dialog" in bare.trouble

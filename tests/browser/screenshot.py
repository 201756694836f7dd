"""Make a picture of a running controller's page: `python -m tests.browser.screenshot URL FILE.png`.

The README's picture: `crossfade demo --open`, then this with the address it printed and docs/images/page.png.
"""

import sys

from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.browser.chromium import NAMES, find_chromium, open_chromium

LAPTOP: ViewportSize = {"width": 1280, "height": 800}


def open_page(browser: Browser, url: str, *, size: ViewportSize = LAPTOP, dark: bool = False) -> Page:
    """Open the page and wait until it has drawn what it knows."""
    page = browser.new_page(viewport=size, color_scheme="dark" if dark else "light")
    go(page, url)
    return page


def go(page: Page, url: str) -> None:
    """Lead a page to an address and wait until all of it is drawn, so that nothing moves any more."""
    page.goto(url)
    page.get_by_test_id("difference").get_by_role("row").nth(1).wait_for()
    expect(page.locator(".empty:visible", has_text="Reading")).to_have_count(0)


def take(page: Page, file: str, *, whole: bool = True) -> None:
    """Write the page, or what of it is in sight, as a picture, once no line moves any more."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    page.screenshot(path=file, full_page=whole)


def main() -> None:
    """Take the picture that the arguments name."""
    executable = find_chromium()
    if executable is None or len(sys.argv) != 3:
        sys.exit(f"usage: python -m tests.browser.screenshot URL FILE.png, with one of {', '.join(NAMES)} installed")
    with open_chromium(executable) as browser:
        page = open_page(browser, sys.argv[1])
        page.get_by_test_id("compare").scroll_into_view_if_needed()  # it is read once somebody comes to see it
        page.get_by_test_id("compare-chart").locator("canvas").wait_for()
        page.evaluate("scrollTo(0, 0)")
        take(page, sys.argv[2])


if __name__ == "__main__":
    main()

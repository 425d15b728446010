"""A real Chromium, as a supervisor uses it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.acceptance.center import PASSWORD, Center
from tests.peers import PeerMissing

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser installed on this machine. Raises PeerMissing where there is none."""
    executable = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if executable is None:
        raise PeerMissing("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def log_in(browser: Browser, center: Center) -> Page:
    """A page of the list of calls, in English, with the administrator logged in by the one-time link."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(center.login_link())
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/calls")
    if page.get_attribute("html", "lang") != "en":
        page.click("button[name=language][value=en]")
        page.wait_for_selector("html[lang=en]")
    return page


def mark(page: Page) -> None:
    """Leave a mark that a reload would wipe out."""
    page.evaluate("window.neverReloaded = true")


def never_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.neverReloaded === true"))


def play(page: Page, address: str, seek_s: float) -> dict[str, float]:
    """Load an audio file as the player does and jump to a place in it: its length, and where it then is."""
    return dict(
        page.evaluate(
            """async ([address, seek]) => {
                const sound = new Audio(address);
                const happens = (name) => new Promise((done, failed) => {
                    sound.addEventListener(name, done, {once: true});
                    sound.addEventListener("error", () => failed(new Error("audio: " + sound.error?.message)), {once: true});
                });
                sound.preload = "auto";
                const ready = happens("loadedmetadata");
                sound.load();
                await ready;
                const there = happens("seeked");
                sound.currentTime = seek;
                await there;
                return {duration: sound.duration, at: sound.currentTime};
            }""",
            [address, seek_s],
        )
    )


def answer(context: BrowserContext, address: str) -> object:
    """A JSON answer, asked for with the browser's cookies."""
    found = context.request.get(address)
    assert found.ok, found.text()
    return found.json()

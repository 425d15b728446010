"""Looks at every page as people see it: `python -m tests.dashboard.look FOLDER` writes a picture of each, both languages, both lights, wide and narrow."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from avasanj import log
from avasanj.database import Database
from avasanj.migrate import upgrade
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import load_settings
from dashboard.app import create_app
from tests.dashboard.seed import PASSWORD, Seeded, seed
from tests.dashboard.seed.heard import OTHER_ID

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
]


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """A real server on loopback for as long as the block lasts; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started:
        if time.monotonic() > deadline:
            raise RuntimeError("The dashboard did not start within 15 s.")
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@contextmanager
def seeded_site() -> Iterator[tuple[str, Seeded]]:
    """A dashboard over a throw-away database with the sample day in it."""
    folder = Path(tempfile.mkdtemp(prefix="av-look-", dir="/tmp"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        with psycopg.connect(host=str(server.data), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute("create database look")
        url = server.url("look")
        upgrade(url)
        settings = load_settings(data_dir=folder / "data", database_url=url)
        database = Database(url)
        seeded = seed(database, settings)
        with serving(create_app(settings, database)) as address:
            yield address, seeded
        database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def pages(seeded: Seeded) -> dict[str, str]:
    return {
        "calls": "/calls",
        "call-angry": f"/calls/{seeded.calls['angry']}",
        "call-english": f"/calls/{seeded.calls['english']}",
        "call-abandoned": f"/calls/{seeded.calls['abandoned']}",
        "call-working": f"/calls/{seeded.calls['working']}",
        "call-shared": f"/calls/{seeded.calls['shared']}",
        "call-stuck": f"/calls/{seeded.calls['stuck']}",
        "call-handed": f"/calls/{seeded.calls['handed']}",
        "call-waiting": f"/calls/{seeded.calls['waiting']}",
        "call-talking": f"/calls/{seeded.calls['talking']}",
        "call-heard": f"/calls/{seeded.calls['weak']}",
        "calls-said": "/calls?said=بسته",
        "compare": f"/calls/{seeded.calls['weak']}/transcripts/{OTHER_ID}",
        "words": "/words",
        "follow-ups": "/follow-ups",
        "customer": f"/customers/{seeded.customers['sara']}",
        "wall": "/wall",
        "wall-tv": "/wall?tv=true&within=30",
        "system": "/system",
        "people": "/people",
        "missing": "/calls/00000000-0000-0000-0000-000000000000",
    }


def look(browser: Browser, address: str, seeded: Seeded, out: Path, only: str) -> None:
    for language in ("fa", "en"):
        for light, (width, height) in (("light", (1440, 900)), ("dark", (1440, 900)), ("light", (420, 860))):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if light == "dark" else "light",
                device_scale_factor=1,
            )
            page = context.new_page()
            page.on("console", lambda said: print("console:", said.text) if said.type in {"error", "warning"} else None)
            page.goto(address + "/login")
            name = f"{language}-{light}-{width}"
            if page.locator("html").get_attribute("lang") != language:
                page.click(".language button")
            page.screenshot(path=out / f"login-{name}.png")
            page.fill("[name=login_name]", "admin")
            page.fill("[name=password]", PASSWORD)
            page.click("button.main")
            page.wait_for_url("**/calls")
            if page.locator("html").get_attribute("lang") != language:
                page.click(".language button")
            for key, path in pages(seeded).items():
                if only and only not in key:
                    continue
                page.goto(address + path)
                page.wait_for_timeout(250)
                if key == "call-angry":
                    page.locator(".why > summary").click()
                    page.locator(".sound > summary").click()
                page.screenshot(path=out / f"{key}-{name}.png", full_page=width < 1000)
                scroll = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if scroll > 0:
                    print(f"{key}-{name}: scrolls sideways by {scroll} px")
            context.close()


def main() -> None:
    log.configure("warning")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with seeded_site() as (address, seeded), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        try:
            look(browser, address, seeded, out, sys.argv[2] if len(sys.argv) > 2 else "")
        finally:
            browser.close()


if __name__ == "__main__":
    main()

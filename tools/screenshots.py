"""Make the pictures of the README and the documentation from a running demo: docs/images/*.png.

Usage: python tools/screenshots.py [--out DIR]. Needs Chromium on the machine (Debian: chromium). Starts `treadle demo`,
waits until everything is played, makes the first user, and takes the pages as a person would see them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 800}
SHOWN = "Out there, and nobody said so."  # its answer was lost after the effect
PASSWORD = "only for these pictures"
# name -> (path, narrow, dark)
PAGES = {
    "today": ("/", False, False),
    "posts": ("/posts", False, False),
    "causes": ("/causes", False, False),
    "accounts": ("/accounts", False, False),
    "compose": ("/compose", False, False),
    "guide": ("/guide", False, False),
    "today-phone-dark": ("/", True, True),
}


def started(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """The demo, once it has played everything: (process, address of the server)."""
    treadle = Path(sys.executable).with_name("treadle")
    process = subprocess.Popen(
        [str(treadle), "demo", "--keep", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"See the posts at (http://[\d.:]+)/posts", line):
            return process, found[1]
    raise SystemExit(f"The demo ended with {process.wait()} before its pages could be seen.")


def sign_in(page: Any, url: str) -> None:
    """The first user of a fresh house."""
    page.goto(url)
    page.get_by_label("E-mail address").fill("you@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click(timeout=60_000)
    page.get_by_role("heading", name="Set-up check").wait_for(timeout=60_000)


def take(page: Any, url: str, out: Path, name: str, path: str) -> None:
    page.goto(url + path)
    page.wait_for_load_state("load")
    page.screenshot(path=str(out / f"{name}.png"), animations="disabled")


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("There is no Chromium on this machine (Debian: apt-get install chromium).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="treadle-pictures-") as folder:
        process, url = started(Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                first = browser.new_page(viewport=WIDE)
                sign_in(first, url)
                state = first.context.storage_state()
                for name, (path, narrow, dark) in PAGES.items():
                    page = browser.new_context(
                        viewport=PHONE if narrow else WIDE,
                        color_scheme="dark" if dark else "light",
                        storage_state=state,
                    ).new_page()
                    take(page, url, out, name, path)
                first.goto(f"{url}/posts")
                post = first.query_selector(f"main a[href^='/posts/pst_']:has-text('{SHOWN}')")
                if post is not None:
                    take(first, url, out, "post", str(post.get_attribute("href")))
                browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            end = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.1)
            process.kill()
    print("\n".join(str(picture) for picture in sorted(out.glob("*.png"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

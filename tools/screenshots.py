"""Make the pictures of the README and the documentation from running servers: docs/images.

Usage: python -m tools.screenshots [--out DIR] [--only demo|steps]. Needs Chromium on the machine (Debian: chromium).
``demo``: starts `treadle demo`, waits until everything is played, makes the first user, and takes the pages as a
person would see them. ``steps``: walks from nothing to the first post as docs/threads-app.md does, with the sandbox in
Meta's place, and keeps what the pages and the terminal show in images/steps.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright
from tools.step_pictures import terminal

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


def started(folder: Path) -> tuple[subprocess.Popen[str], str, tuple[str, str]]:
    """The demo, once it has played everything: (process, address of the server, e-mail address and password)."""
    treadle = Path(sys.executable).with_name("treadle")
    process = subprocess.Popen(
        [str(treadle), "demo", "--keep", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip
    assert process.stdout is not None
    url = ""
    for line in process.stdout:
        if found := re.search(r"See the posts at (http://[\d.:]+)/posts", line):
            url = found[1]
        if found := re.search(r"Log in with (\S+) and the password (\S+?)\. ", line):
            return process, url, (found[1], found[2])
    raise SystemExit(f"The demo ended with {process.wait()} before its pages could be seen.")


def sign_in(page: Any, url: str) -> None:
    """The first user of a new server."""
    page.goto(url)
    page.get_by_label("Email").fill("you@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create user").click(timeout=60_000)
    page.get_by_text("Checked with Meta").wait_for(timeout=60_000)


def log_in(page: Any, url: str, who: tuple[str, str]) -> None:
    """Somebody who has a login."""
    page.goto(url)
    page.get_by_label("Email").fill(who[0])
    page.get_by_label("Password").fill(who[1])
    page.get_by_role("button", name="Log in").click(timeout=60_000)
    page.get_by_role("heading", name="Home").wait_for(timeout=60_000)


def shoot(page: Any, path: Path) -> None:
    """A screenshot with the colors that it needs: a third of the size, and no difference to the eye."""
    page.evaluate("document.fonts.ready")
    page.screenshot(path=str(path), animations="disabled")
    with Image.open(path) as shot:
        shot.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


def take(page: Any, url: str, out: Path, name: str, path: str) -> None:
    page.goto(url + path)
    page.wait_for_load_state("load")
    shoot(page, out / f"{name}.png")


def demo(browser: Any, folder: Path, out: Path) -> None:
    """The pages of a server on which everything has happened once."""
    process, url, who = started(folder)
    try:
        first = browser.new_page(viewport=WIDE)
        log_in(first, url, who)
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
    finally:
        ended(process)


def ended(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def steps(browser: Any, folder: Path, out: Path) -> None:
    """From an empty data directory to the first post: a server, the connect link, the doctor, the post."""
    out = out / "steps"
    out.mkdir(exist_ok=True)
    treadle = str(Path(sys.executable).with_name("treadle"))
    sandbox, server = free_port(), free_port()
    url, public = f"http://127.0.0.1:{server}", "https://threads.example.com"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TREADLE_", "OTEL_"))} | {
        "TREADLE_THREADS_API_URL": f"http://127.0.0.1:{sandbox}",
        "TREADLE_THREADS_AUTHORIZE_URL": f"http://127.0.0.1:{sandbox}/oauth/authorize",
        "TREADLE_THREADS_APP_ID": "1234567890123456",
        "TREADLE_THREADS_APP_SECRET": "0123456789abcdef" * 2,
        "TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS": "1",
        "TREADLE_PORT": str(server),
        "TREADLE_PUBLIC_URL": url,
        "COLUMNS": "84",
    }
    redirects = ["--redirect-uri", f"{url}/threads/callback", "--redirect-uri", f"{public}/threads/callback"]
    threads = [treadle, "sandbox", "--port", str(sandbox), "--account", "ada", "--processing", "fast", *redirects]

    def said(*words: str, **more: str) -> str:
        """What the command says to a terminal, which is more than it says to a pipe: names stand out."""
        ours, its = pty.openpty()
        with open(ours, "rb", buffering=0) as reading:
            process = subprocess.Popen([treadle, *words], cwd=folder, env=env | more, stdout=its, stderr=its)
            os.close(its)
            got = b""
            try:
                while piece := reading.read(4096):
                    got += piece
            except OSError:
                pass  # Linux tells the end of a terminal so
        if process.wait() != 0:
            raise SystemExit(got.decode())
        left = got.decode().replace("\r\n", "\n").rpartition("\x1b[2K")[2]  # the progress line wiped itself away
        return re.sub(r"\x1b\[\?25[hl]", "", left)

    with open(folder / "log", "w", encoding="utf-8") as log:
        running = [
            subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
            for words in (threads, [treadle, "serve"])
        ]
    try:
        first = None
        for line in running[1].stdout or ():
            if first := re.search(r"(http://[\d.:]+/setup\?token=\S+)", line):
                break
        if first is None:
            raise SystemExit(f"The server did not start:\n{(folder / 'log').read_text(encoding='utf-8')}")
        page = browser.new_page(viewport={"width": 1080, "height": 560})
        sign_in(page, re.sub(r"\x1b\[[\d;]*m", "", first[1]))
        page.set_viewport_size({"width": 1080, "height": 900})
        shoot(page, out / "8-setup.png")
        page.set_viewport_size({"width": 1080, "height": 560})
        doctor = said("doctor", TREADLE_PUBLIC_URL=public)
        (out / "8-doctor.svg").write_text(
            terminal("treadle doctor", doctor, "What treadle doctor says: each line is fine or says what to do."),
            encoding="utf-8",
        )
        page.goto(f"{url}/accounts")
        page.get_by_role("button", name="Connect account").first.click(timeout=60_000)
        page.get_by_role("link", name="Continue to Threads").wait_for()
        shoot(page, out / "9-connect.png")
        page.get_by_role("link", name="Continue to Threads").click()
        page.get_by_role("button", name="Continue").click()
        page.get_by_text("is connected").first.wait_for()
        page.goto(f"{url}/accounts")
        shoot(page, out / "11-connected.png")
        command = 'treadle publish "First post through Treadle" --wait 30'
        out_there = said("publish", "First post through Treadle", "--wait", "30")
        (out / "12-publish.svg").write_text(
            terminal(command, out_there, "treadle publish answers with the post's state, its address and its parts."),
            encoding="utf-8",
        )
        page.goto(f"{url}/posts")
        page.locator("main a[href^='/posts/pst_']").first.click()
        page.locator("#post-state .state", has_text="Published").wait_for()
        page.set_viewport_size({"width": 1080, "height": 720})
        shoot(page, out / "13-post.png")
    finally:
        for process in reversed(running):
            ended(process)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", choices=("demo", "steps"), help="Make these alone.")
    asked = parser.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("There is no Chromium on this machine (Debian: apt-get install chromium).", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, make in (("demo", demo), ("steps", steps)):
            if asked.only in (None, name):
                with tempfile.TemporaryDirectory(prefix="treadle-pictures-") as folder:
                    make(browser, Path(folder), out)
        browser.close()
    print("\n".join(str(picture) for picture in sorted([*out.rglob("*.png"), *out.rglob("*.svg")])))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The sandbox's pages at the width of a phone, in Chromium."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from treadle_sandbox import running

pytestmark = pytest.mark.browser


def test_the_pages_fit_a_phone(chromium_browser: Any) -> None:
    with running(accounts=["ada"]) as sandbox:
        token = sandbox.control.token("ada")["access_token"]
        form = urlencode({"media_type": "TEXT", "text": "w" * 300, "alt_text": "x" * 200, "access_token": token})
        urlopen(f"{sandbox.url}/v1.0/me/threads", form.encode()).read()
        page = chromium_browser.new_page(viewport={"width": 375, "height": 812})
        labels = fields = 0
        for path in ("?tab=requests", "", "/@ada?tab=requests", "/reference"):
            page.goto(f"{sandbox.url}/_sandbox{path}")
            page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
            assert page.evaluate("document.documentElement.scrollWidth") == 375, path
            pieces = page.eval_on_selector_all(".tag", "all => all.map(one => one.getClientRects().length)")
            assert set(pieces) <= {1}, (path, "no word of a label stands on two lines")
            labels += len(pieces)
            touched = "button, input:not([type=hidden]), select"
            fields += page.locator(touched).count()
            low = page.eval_on_selector_all(
                touched,
                "all => all.filter(one => one.getBoundingClientRect().height < 40).map(one => one.outerHTML)",
            )
            assert low == [], path
        assert min(labels, fields) > 4, (labels, fields)
        page.close()

"""No page shows anybody a link, a form or a button that their role is refused."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.treadle.web.sample_data import SampleSite
from tests.treadle.web.test_every_page import PAGES
from tests.treadle.web.test_roles import become
from treadle.domain.roles import ALLOWED, ROLES, Role
from treadle.web.permissions import NEEDS, needed_at

# What the guide and the API's reference link to among themselves is open to everybody.
OPEN = ("/guide", "/docs", "/v1", "/openapi.json", "/media/", "#")


class Offers(HTMLParser):
    """Every (method, address) that a page offers: links, forms, and buttons with an address of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self._method = "GET"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.found.add(("GET", given["href"]))
        elif tag == "form":
            self._method = given.get("method", "get").upper()
            self.found.add((self._method, given.get("action", "")))
        elif tag in ("button", "input") and "formaction" in given:
            self.found.add((given.get("formmethod", self._method).upper(), given["formaction"]))


def offered(text: str) -> Iterator[tuple[str, str]]:
    page = Offers()
    page.feed(text)
    for method, address in sorted(page.found):
        if address.startswith("/") and not address.startswith(OPEN):
            yield method, address


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_shown_that_the_role_cannot_do(sample: SampleSite, role: Role) -> None:
    become(sample, role)
    wrong = set()
    for name, page in PAGES.items():
        answer = sample.client.get(page.format(**sample.ids))
        if answer.status_code == 403:
            continue
        for method, address in offered(answer.text):
            needs = needed_at(method, address)
            if needs is None:
                wrong.add(f"{name}: {method} {address} is no page")
            elif needs not in ("public", "self") and needs not in ALLOWED[role]:
                wrong.add(f"{name}: {method} {address} needs {needs}")
    assert not wrong, "\n".join(sorted(wrong))


def test_the_rule_reads_every_line_of_the_table() -> None:
    for line, needs in NEEDS.items():
        method, path = line.split(" ", 1)
        assert needed_at(method, path.replace("{", "").replace("}", "").replace(":path", "")) == needs, line
    assert needed_at("GET", "/posts/replace?post=pst_1") == "publish"  # not a post by that name
    assert needed_at("GET", "/posts/pst_1") == "view"
    assert needed_at("POST", "/nowhere") is None
    assert needed_at("POST", "/accounts/acc_1/nothing") is None


def test_an_owner_is_offered_what_the_table_has(sample: SampleSite) -> None:
    """The test above looks at something: most of the table's lines are offered somewhere."""
    seen = set()
    for page in PAGES.values():
        seen |= {(method, needed_at(method, address)) for method, address in offered(
            sample.client.get(page.format(**sample.ids)).text
        )}  # fmt: skip
    assert {("POST", needs) for needs in ("publish", "accounts", "integrations", "people", "comment", "write")} <= seen

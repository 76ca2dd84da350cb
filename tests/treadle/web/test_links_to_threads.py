"""Links to a published post lead to where it can be seen: Threads, or the sandbox that played Threads."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.treadle.web.sample_data import SESSION, SampleSite, add_samples, open_session, settings_for
from treadle.app import open_app
from treadle.site import build
from treadle.web.page_request import SESSION_COOKIE

SANDBOX = "http://127.0.0.1:8701"


def test_on_threads_it_is_the_address_threads_gave(sample: SampleSite) -> None:
    page = sample.client.get(f"/posts/{sample.ids['published']}").text
    assert 'href="https://www.threads.net/@someone/post/' in page
    assert "/_sandbox/" not in page
    doubt = sample.client.get(f"/posts/{sample.ids['checking']}").text
    assert 'href="https://www.threads.com/@loom.and.shuttle"' in doubt


@pytest.mark.parametrize("name", ["published", "chain", "checking"])
def test_in_a_sandbox_it_is_the_sandbox(tmp_path: Path, name: str) -> None:
    settings = settings_for(
        tmp_path / "data",
        "http://testserver",
        threads_api_url=SANDBOX,
        threads_authorize_url=f"{SANDBOX}/oauth/authorize",
    )
    app = open_app(settings)
    open_session(app)
    ids = add_samples(app)
    with TestClient(build(app), cookies={SESSION_COOKIE: SESSION}) as client:
        page = client.get(f"/posts/{ids[name]}").text
    app.close()
    assert f'href="{SANDBOX}/_sandbox/@loom.and.shuttle' in page
    assert 'href="https://www.threads' not in page

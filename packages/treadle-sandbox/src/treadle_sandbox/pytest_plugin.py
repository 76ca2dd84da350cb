"""The fixture ``threads_sandbox``: a Threads of the test's own, empty at the start, gone at the end.

Installed with ``pip install treadle[sandbox]``. Nothing is imported until a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from treadle_sandbox.server import Sandbox


@pytest.fixture
def threads_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A running sandbox: ``.url``, ``.authorize_url``, ``.control``. Options by marker:
    ``@pytest.mark.threads_sandbox(processing="real", count="bytes")``."""
    from treadle_sandbox.threaded import running

    marker = request.node.get_closest_marker("threads_sandbox")
    with running(**(marker.kwargs if marker else {})) as sandbox:
        yield sandbox


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "threads_sandbox(**options): options of the threads_sandbox fixture")

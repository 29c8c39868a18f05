"""What the tests of chaos share: servers of their own, or a reason why there are none."""

from __future__ import annotations

import os

import pytest

from tests.chaos import servers


@pytest.fixture(scope="session", autouse=True)
def _servers() -> None:
    """Skips where PostgreSQL or Redis are not installed; under CI they have to be."""
    lack = servers.missing()
    if lack is not None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(lack)

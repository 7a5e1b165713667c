"""Shared fixtures: the public data sets, which lie outside the project."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared():
    """Return the path of a public data set, or skip where the folder is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"the public data {name} is not beside the project")
        return path

    return find

"""The scene of every attack, and a browser of nobody with the live feed running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attack.scene import Scene, build
from tests.web.visiting import Browser


@pytest.fixture
def scene(committed: None) -> Scene:
    return build()


@pytest.fixture
def nobody(scene: Scene) -> Iterator[Browser]:
    """Not signed in. Runs the application's lifespan, so that sockets and polls hear of changes."""
    with Browser() as made:
        yield made

"""Web-like text: the READMEs that installed packages carry in their metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata

_MIN_CHARACTERS = 400


def collect_package_readmes(seed: int) -> Iterator[str]:
    """Give each installed package's long description, in an order drawn from the seed and the packages' names."""
    packages = [package.metadata.json for package in metadata.distributions()]
    descriptions = {str(package["name"]): str(package.get("description", "")) for package in packages}
    for name in sorted(descriptions, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
        text = descriptions[name].strip()
        if len(text) >= _MIN_CHARACTERS:
            yield text + "\n"

"""The page's modules and styles in one file each: a first visit asks for three files instead of eighty.

The bundle is made when the page is changed (`make page`) and kept beside its sources. It carries their digest: one that
is not theirs is left aside, and the page is served from its sources, so nobody needs the bundler to change or try it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping

from crossfade_controller.dashboard.files import FOLDER, File, digest_of, read_files

BUNDLER = "esbuild@0.28.2"
BUNDLED = {"main.js": "bundle/page.js", "css/page.css": "bundle/page.css"}
"""What of the sources begins each file of the bundle."""
_LICENCE = "/* Holds uPlot, (c) Leon Sorokin, MIT: vendor/uplot/LICENSE */"
_MARK = "bundle/SOURCES"


def is_fresh(files: Mapping[str, File]) -> bool:
    """Tell whether the bundle among the page's files was made of the others."""
    return _MARK in files and files[_MARK].content.decode().strip() == _digest_of_sources(files)


def make() -> None:
    """Make the bundle anew with the pinned bundler, which npx fetches."""
    npx = shutil.which("npx")
    if npx is None:
        sys.exit("the page is bundled with esbuild, by npx; install Node.js, or leave the bundle as it is")
    for source, bundled in BUNDLED.items():
        kind = source.rpartition(".")[2]
        subprocess.run(
            [
                *(npx, "--yes", BUNDLER, source, "--bundle", "--minify", "--format=esm", "--charset=utf8"),
                *(f"--banner:{kind}={_LICENCE}", f"--outfile={bundled}", "--log-level=warning"),
            ],
            cwd=FOLDER,
            check=True,
        )
    (FOLDER / _MARK).write_text(_digest_of_sources(read_files()) + "\n")


def _digest_of_sources(files: Mapping[str, File]) -> str:
    kinds = (".js", ".css")
    return digest_of({path: file for path, file in files.items() if path.endswith(kinds) and "bundle/" not in path})


if __name__ == "__main__":
    make()

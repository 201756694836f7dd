"""The page itself: index.html, told where its parts are."""

from __future__ import annotations

from collections.abc import Mapping

from crossfade_controller.dashboard.bundle import BUNDLED, is_fresh
from crossfade_controller.dashboard.files import File


def page_of(files: Mapping[str, File], folder: str) -> bytes:
    """Give index.html with its parts under an address of this state's own: out of the bundle, where it is fresh.

    Else every module is named ahead, so that a browser need not read one to learn of the next.
    """
    html = files["index.html"].content.decode()
    if is_fresh(files):
        for source, bundled in BUNDLED.items():
            html = html.replace(f'"/static/{source}"', f'"/static/{bundled}"')
    else:
        modules = [path for path in files if path.endswith(".js") and path not in BUNDLED.values()]
        links = "".join(f'  <link rel="modulepreload" href="/static/{path}">\n' for path in modules)
        html = html.replace("</head>", f"{links}</head>")
    return html.replace('"/static/', f'"/static/{folder}/').encode()

"""A page inside a notebook."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

_FRAME: Final = Markup(
    '<iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts" width="100%" height="640" '
    'style="border: 1px solid #8884; border-radius: 6px; resize: vertical"></iframe>'
)


def in_notebook(page: str, title: str) -> str:
    """Put a page in a frame of its own.

    Its style then leaves the notebook alone, and nothing in it can reach the notebook.
    """
    return _FRAME.format(title=title, page=page)

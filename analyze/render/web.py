"""What our pages share: a policy that lets nothing else run, and a frame for notebooks."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable

_FRAME: Final = Markup(
    '<iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts" loading="lazy" width="100%" '
    'height="{height}" style="border: 1px solid #8884; border-radius: 6px; resize: vertical">'
    "</iframe>"
)


def policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """Allow a page these styles and scripts, by their hashes, and no request."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(map(_source_hash, styles))}",
            f"script-src {' '.join(map(_source_hash, scripts))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def in_notebook(page: str, title: str, height: int = 640) -> str:
    """Put a page in a frame of its own.

    Its style then leaves the notebook alone, and nothing in it can reach the notebook.
    """
    return _FRAME.format(title=title, page=page, height=height)

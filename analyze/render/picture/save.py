"""Write a picture to a file, in the form that its name asks for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from analyze.output import check_place, replacing
from analyze.render.picture.dot import dot
from analyze.render.picture.page import page
from snap.errors import SnapError

if TYPE_CHECKING:
    from pathlib import Path

    from analyze.pictures.picture import Picture

_DOT: Final = frozenset({".dot", ".gv"})
_PAGE: Final = frozenset({".html", ".htm"})
_THROUGH_GRAPHVIZ: Final = frozenset({".svg", ".png", ".pdf"})
ENDINGS: Final = (".svg", ".png", ".pdf", ".dot", ".html")


def check_path(path: Path, *sources: Path) -> None:
    """Refuse a file that could not be written, before the work.

    Parameters
    ----------
    path
        Of the picture to be.
    sources
        What is read for it, see `check_place`.

    Raises
    ------
    SnapError
        If its ending is none of ours, Graphviz is needed and missing, or no file can be there.
    """
    ending = path.suffix.lower()
    if ending not in _DOT | _PAGE | _THROUGH_GRAPHVIZ:
        raise SnapError(
            f"cannot write {path}",
            f"'{ending}' is no kind of picture" if ending else "its name has no ending",
            f"use one of {', '.join(ENDINGS)}",
        )
    if ending in _THROUGH_GRAPHVIZ and shutil.which("dot") is None:
        raise SnapError(
            f"cannot write {path}",
            "Graphviz is not installed: there is no program 'dot'",
            "install the package graphviz (apt, dnf, brew, conda), or write .html or .dot",
        )
    check_place(path, *sources)


def save(picture: Picture, path: Path) -> None:
    """Write a picture; the file is complete or not there."""
    check_path(path)
    ending = path.suffix.lower()
    if ending in _DOT:
        content = dot(picture).encode()
    elif ending in _PAGE:
        content = page(picture).encode()
    else:
        content = _through_graphviz(picture, ending[1:], str(path))
    with replacing(path) as stream:
        stream.write(content)


def svg_if_possible(picture: Picture) -> str | None:
    """Give a picture in SVG, or None where there is no Graphviz."""
    if shutil.which("dot") is None:
        return None
    return _through_graphviz(picture, "svg", "the picture").decode()


def _through_graphviz(picture: Picture, form: str, what: str) -> bytes:
    import graphviz

    try:
        content: bytes = graphviz.Source(dot(picture)).pipe(form, quiet=True)
    except (graphviz.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", None)
        text = said.decode(errors="replace") if isinstance(said, bytes) else said or str(error)
        raise SnapError(
            f"cannot draw {what}",
            f"Graphviz failed: {text.strip().partition(chr(10))[0]}",
            "draw less (--max-depth, --too-many), or write .html",
        ) from None
    return content

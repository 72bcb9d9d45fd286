"""The page itself: a template, its style and scripts, and a policy that allows no others.

Everything that comes from a heap is hostile here. The template escapes it, control
characters are neutralised on the way, and the policy of the page lets the browser run
nothing but the scripts written in this package, and fetch nothing at all.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup, escape

from analyze.owners.origin import is_own_type
from analyze.render.text import (
    format_bytes,
    format_change,
    format_count_change,
    format_share,
    keep_units,
    plural,
    printable,
    split_names,
)
from analyze.render.web import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_STYLES: Final = ("page.css", "icicle.css")
_SCRIPTS: Final = ("icicle.js", "tables.js")

_NO_BREAK: Final = "\u00a0"

# Characters of a name that a page shows.
LONGEST_NAME: Final = 400

# What would end a script element or begin a comment in it, and & for the sake of readers
# that parse the page as XML.
_JSON_ESCAPES: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of the first screen."""

    label: str
    value: str
    is_quiet: bool = False


def render(**context: Any) -> str:
    """Fill the template of a page.

    Parameters
    ----------
    context
        What it names. Strings are escaped, whatever they are.

    Returns
    -------
    str
        A whole document; it can be encoded as UTF-8.
    """
    return _environment().get_template("page.html").render(context)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _read("templates", name)),
        autoescape=True,
        finalize=_neutralise,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles = [_read("assets", name) for name in _STYLES]
    scripts = [_read("assets", name) for name in _SCRIPTS]
    environment.globals |= {
        "styles": list(map(Markup, styles)),
        "scripts": list(map(Markup, scripts)),
        "policy": policy(styles, scripts),
    }
    environment.filters |= _FILTERS
    environment.tests["own_type"] = is_own_type
    return environment


def _read(folder: str, name: str) -> str:
    return resources.files(__package__).joinpath(folder, name).read_text(encoding="utf-8")


def _neutralise(value: Any) -> Any:
    """Make every string of a template printable, but for our own markup."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, most=len(value))
    return value


def script_data(value: Any) -> Markup:
    """Give a value as JSON that can stand in a script element.

    Pure ASCII: no line separators, and lone surrogates are escapes.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_JSON_ESCAPES))


def breakable(name: str) -> Markup:
    """Cut a name, and let it wrap after the dots and arrows in it."""
    shown = escape(printable(name, LONGEST_NAME))
    for mark in (".", " ›", " ⇄", "/"):
        shown = shown.replace(mark, Markup(f"{mark}<wbr>"))
    return shown


def mark_names(sentence: str, names: Iterable[str]) -> Markup:
    """Set the names in a sentence as code."""
    parts = split_names(keep_units(sentence, _NO_BREAK), names)
    return Markup().join(
        Markup("<code>{}</code>").format(breakable(part)) if place % 2 else part
        for place, part in enumerate(parts)
    )


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "breakable": breakable,
    "bytes": format_bytes,
    "change": format_change,
    "count_change": format_count_change,
    "count": lambda value: f"{value:,}",
    "keep_units": lambda text: keep_units(text, _NO_BREAK),
    "mark_names": mark_names,
    "plural": plural,
    "printable": printable,
    "share": format_share,
    "script_data": script_data,
}

"""Flags of ``python`` among the options of ``snap run``: they go to the program's interpreter."""

from __future__ import annotations

import re
from typing import Any, Final

import typer
from typer.core import TyperCommand

_ALONE: Final = re.compile(r"-[BbdEIOPqsSuv]+")
_WITH_VALUE: Final = ("-X", "-W")
# After these comes the program.
_LAST: Final = ("-m", "-c", "--")
_REFUSED: Final = {
    "-i": "there is no prompt after a run",
    "-x": "a script is run from its first line on",
}


class CommandWithFlags(TyperCommand):
    """A command whose context's ``obj`` is the list of the flags of ``python`` it was given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the flags out, and parse the rest."""
        takes_value = {
            option
            for each in self.params
            if not getattr(each, "is_flag", True)
            for option in each.opts
        }
        waiting, rest = [*args], list[str]()
        ctx.obj = []
        while waiting and waiting[0].startswith("-") and waiting[0] not in ("-", *_LAST):
            option = waiting.pop(0)
            if option in _REFUSED:
                raise typer.BadParameter(
                    f"{option} is not for snap run: {_REFUSED[option]}", ctx=ctx
                )
            # A value may be in the same word, or the next one.
            is_valued = option[:2] in _WITH_VALUE
            to = ctx.obj if is_valued or _ALONE.fullmatch(option) else rest
            to.append(option)
            if waiting and (option in _WITH_VALUE or option in takes_value):
                to.append(waiting.pop(0))
        return super().parse_args(ctx, [*rest, *waiting])

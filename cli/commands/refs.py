"""``analyze refs``."""

from __future__ import annotations

from cli.picturing import picture_command

refs = picture_command("refs", "Draw what some objects refer to, directly and further.")

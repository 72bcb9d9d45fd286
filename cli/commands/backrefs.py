"""``analyze backrefs``."""

from __future__ import annotations

from cli.picturing import picture_command

backrefs = picture_command("backrefs", "Draw what refers to some objects: why they are alive.")

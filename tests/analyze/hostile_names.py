"""A program whose names are meant to do harm to whoever reads a report of it.

::

    python hostile_names.py before.parquet after.parquet
"""

import gc
import sys
import threading
import types

import snap

SCRIPT = "<script>window.harmed = 'type'; alert(1)</script>"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b1m\x08\r"
KEY = (f"{ESCAPES}<img src=x onerror=\"window.harmed = 'key'\">" * 250)[:10_000]
CLOSING = "</script><script>window.harmed = 'closed'</script><!--<script>"
TURNED = "\u202emoc.elpmaxe\u2066\u200b\u2028\u2029"
SURROGATE = "lone\ud800'\"`${window.harmed = 'quoted'}{{7*7}}{% raw %}"
MODULE = f"shop<b onmouseover=\"window.harmed = 'module'\">{TURNED}"

assert len(KEY) == 10_000


def made(name, module=MODULE, bases=()):
    """Make a class of any name in a module of any name."""
    new = type("Named", bases, {})
    new.__qualname__ = name
    new.__module__ = module
    return new


TYPES = [made(SCRIPT), made(f"{CLOSING}{TURNED}"), made(SURROGATE), made(ESCAPES), made(KEY)]
TABLE = {}


def hold():
    module = types.ModuleType(MODULE)
    names = {KEY: TABLE, SCRIPT: TABLE, CLOSING: [TABLE], SURROGATE: {SCRIPT: TABLE}}
    module.__dict__.update(names)
    sys.modules[MODULE] = module
    sys.modules[CLOSING] = types.ModuleType(CLOSING)


def leak(count):
    for number in range(count):
        kind = TYPES[number % len(TYPES)]
        one, other = kind(), kind()
        # A cycle whose references have names that are as bad.
        setattr(one, SCRIPT, other)
        setattr(other, KEY, one)
        setattr(other, SURROGATE, bytes(1000))
        kept = kind()
        TABLE[f"{KEY[:100]}{len(TABLE)}"] = kept
        setattr(kept, CLOSING, bytes(5000))


def wait(event):
    locals()["harmless"] = TABLE
    event.wait()


def main(before, after):
    gc.disable()
    hold()
    event = threading.Event()
    waiting = threading.Thread(target=wait, args=(event,), name=f"{SCRIPT}{ESCAPES}")
    waiting.start()
    leak(200)
    snap.capture(before)
    leak(2000)
    snap.capture(after)
    event.set()
    waiting.join()


if __name__ == "__main__":
    main(*sys.argv[1:])

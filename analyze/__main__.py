"""``python -m analyze``: the command of this name."""

from cli.analyze import main

main()

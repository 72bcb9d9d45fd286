"""``python -m snap``: the command of this name."""

from cli.snap import main

main()

"""``python -m treadle_sandbox``: the command ``threads-sandbox``."""

from treadle_sandbox.cli import main

main()

"""``python -m treadle_diagnosis``: the command ``treadle-diagnose``."""

from treadle_diagnosis.cli import main

main()

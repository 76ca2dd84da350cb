"""One module for each line of the table; each has ``run(bench) -> Outcome``."""

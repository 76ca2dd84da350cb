"""Looking at a running installation from outside: metrics, logs, traces. Reads the tables, changes nothing."""

"""Looking at a running house from outside: metrics, logs, traces. Reads the tables, changes nothing."""

"""``treadle demo``: a sandbox, a server and posts at once. Some posts fail, and are published after the repair."""

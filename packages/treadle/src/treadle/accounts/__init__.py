"""Connected Threads accounts: connecting, tokens, refresh, health."""

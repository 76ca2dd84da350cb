"""People and programs that may use the server: users, sessions, API keys, the audit trail."""

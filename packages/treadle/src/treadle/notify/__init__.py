"""Telling people and programs: outgoing webhooks and alerts."""

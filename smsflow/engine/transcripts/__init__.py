"""Flows tried without a provider: one contact in memory, and tests that read like a chat."""

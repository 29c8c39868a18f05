"""Flows as a pure function: no clock, no randomness, no database, no network in this package."""

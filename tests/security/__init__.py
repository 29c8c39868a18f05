"""Attacks, one file for each threat; what is let in is harmless, what is refused leaves nothing."""

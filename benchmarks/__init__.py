"""Measurements of smsflow against the way its job is usually done, under the same load."""

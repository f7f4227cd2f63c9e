"""Instruments over HTTP: one scheduler for each, which plays for everybody at once."""

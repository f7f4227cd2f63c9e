"""Cores and heads put together into something that reads events and gives odds."""

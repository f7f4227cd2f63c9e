"""Live histories as values."""

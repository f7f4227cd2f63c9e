"""Text: characters as people see them, learned as one long stream."""

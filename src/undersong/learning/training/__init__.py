"""From a model that knows nothing to one that knows a person's events."""

"""From a model to works, without torch."""

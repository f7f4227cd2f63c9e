"""From hidden units to the parameters of a distribution."""

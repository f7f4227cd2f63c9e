"""Events to a model. torch lives here, and only here."""

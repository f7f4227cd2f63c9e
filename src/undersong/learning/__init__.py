"""Events to a model. torch lives here, and only here."""

import os

# Before torch is first imported: a thread that waits by spinning steals the core it waits for. With another program at
# work a step took up to 30 times longer; with a short spin it keeps 93 % of its speed alone (LAB.md, 2026-11-21).
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

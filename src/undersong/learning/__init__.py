"""Events to a model. torch lives here, and only here."""

import os

# Before torch is first imported: a thread that waits by spinning steals the core it waits for. A shorter spin keeps
# 95 % of the speed alone; beside two busy programs it was 1.7 times faster on average and 12 at worst (LAB.md).
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

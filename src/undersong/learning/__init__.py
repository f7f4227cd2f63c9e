"""Events to a model. torch lives here, and only here."""

import os

# Before torch is first imported: threads that wait by spinning steal the cores they wait for. With two busy cores a
# step took 5 to 30 times longer than with threads that sleep (LAB.md, 2026-11-21).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

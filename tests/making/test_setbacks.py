"""A loss that is no number, in the middle of a run: it goes back, says so, and comes to its end."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from tiny_runs import STEPS, evaluated, stepped, teach

import undersong as us
from undersong.learning.training.trainer import Learner


def test_a_run_survives_a_loss_that_is_no_number(learned, monkeypatch):
    """The weights are spoiled once, at step 25; the person hears of it, and the run ends at its last step."""
    advance, spoiled, told = Learner.advance, [], []

    def spoil(self):
        if self.step == 25 and self.plan.steps == STEPS and not spoiled:  # not while it is measured how fast it is
            spoiled.append(self.step)
            next(self.model.core.parameters()).data.fill_(math.nan)
        return advance(self)

    monkeypatch.setattr(Learner, "advance", spoil)
    run = teach(learned.material, Path("tiny"), observer=lambda m: told.append(str(m)) if m.what == "warned" else None)

    assert [25] == spoiled
    (words,) = [words for words in told if "half the rate" in words]
    assert "The loss became nan at step 25" in words
    assert "went back from step 25 to step 0 and goes on at half the rate" in words
    assert STEPS == us.load(run.folder).facts["steps"]
    assert math.isfinite(run.nats)
    assert all(math.isfinite(nats) for nats in evaluated(run.folder).values())
    assert stepped(run.folder).keys() == stepped(learned.folder).keys()
    assert all(bool(torch.tensor(pair).isfinite().all()) for pair in stepped(run.folder).values())

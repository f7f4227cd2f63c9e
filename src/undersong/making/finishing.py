"""After the last step: which weights are kept, how they are played, what they score, and the file that says so."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, final

from undersong import __version__
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping import instrument_file
from undersong.keeping.card import write_card
from undersong.keeping.run_folder import RunFolder
from undersong.keeping.writing import write_beside
from undersong.learning.export import arrays_of
from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.checkpoint import load_weights, save_weights
from undersong.learning.training.trainer import Learner
from undersong.making.assembling import assemble
from undersong.making.baseline import Baseline
from undersong.making.corpus import Corpus
from undersong.making.duets import Duet, duet_scores, fit_duet, keep_duet, plays_as_duet
from undersong.making.fingerprinting import copied_share, fingerprint
from undersong.making.moments import Finished, Observer, Warned
from undersong.making.quantising import with_int8
from undersong.making.recipe import Recipe
from undersong.making.scoring import HeldOutScore, score_stretches
from undersong.playing.instrument import Instrument
from undersong.playing.loading import from_file

__all__ = ["Finisher"]

_CLEARLY = 0.01  # nats by which an earlier model must be better to be kept instead of the last
_SHARES = {"int8": 0.15, "score": 0.55, "duet": 0.15}  # of the patience; the rest is for copying and writing


@final
@dataclass(frozen=True)
class Finisher:
    """Makes the instrument of a run whose learning has ended.

    `rival` is the baseline as it was before it learned the corpus's inner part.
    """

    folder: RunFolder
    medium: AbstractMedium
    codec: AbstractCodec
    corpus: Corpus
    baseline: Baseline
    rival: Baseline
    recipe: Recipe
    asked: Mapping[str, Any]
    learner: Learner
    network: str
    elapsed: Callable[[], float]
    tell: Observer

    def finish(
        self, best: tuple[float, int], last_nats: float, evaluations: int, stopped: bool, patience: float
    ) -> Finished:
        """Write the instrument with the weights that are to play, and say how good it is.

        `best` is (nats, step) of the best evaluation; `patience` the seconds that measuring may take.
        """
        if self._is_better(best, last_nats):
            load_weights(self.folder.private / "best.safetensors", self.learner.model)
            kept = f"the best of {evaluations} evaluations, after step {best[1]:,}"
            return self._written(self.learner.model, kept, stopped, patience)
        when = "as it was when stopped" if stopped else "the last"
        with self.learner.playing() as model:
            averaged = ", averaged over the last of them" * (self.learner.average is not None)
            return self._written(model, f"{when}, after step {self.learner.step:,}{averaged}", stopped, patience)

    def _is_better(self, best: tuple[float, int], last_nats: float) -> bool:
        """Whether an earlier model is to play: chosen only by what is never scored, unless somebody wants it so."""
        wanted = self.recipe.training.keep
        chosen = wanted == "best" or (wanted == "auto" and bool(self.corpus.inner) and last_nats > best[0] + _CLEARLY)
        return chosen and best[1] != self.learner.step and (self.folder.private / "best.safetensors").is_file()

    def _written(self, model: Autoregressive, kept: str, stopped: bool, patience: float) -> Finished:
        facts = self._facts(kept)
        file = assemble(self.folder.name, self.medium, self.codec, model, facts)
        file, int8 = with_int8(
            file, model.spec.to_json(), arrays_of(model), self.corpus.inner or self.corpus.held_out,
            patience * _SHARES["int8"],
        )  # fmt: skip
        instrument = from_file(file)
        score = score_stretches(instrument, self.corpus.held_out, patience * _SHARES["score"])
        baseline = self.baseline.nats(score.stretches) / max(1, score.length)
        fitted = self._duet(instrument, patience * _SHARES["duet"])
        duet = None if fitted is None else duet_scores(score, self.baseline, fitted.weight)
        self._advise(score.nats_per_measure, baseline, duet)
        mixed = None
        if duet is not None:
            mixed = {"weight": duet.weight, "nats_per_measure": float(duet.together.sum()) / max(1, score.length)}
        facts |= int8 | self._figures(score, baseline) | ({} if mixed is None else {"duet": mixed})
        if self.recipe.fingerprint:
            attachment, told = fingerprint(self.codec, self.corpus.known)
            file = replace(file, attachments={**file.attachments, "fingerprints.bin": attachment})
            facts["fingerprint"] = told
        copying = copied_share(instrument, self.baseline, self.codec, self.corpus, self.recipe.seed)
        if copying is not None:
            facts |= {"copying": copying}
        card = write_card(facts)
        finished = replace(file, description=replace(file.description, provenance=facts), card=card)
        instrument_file.write(self.folder.instrument, finished)
        keep_duet(self.folder, fitted)
        save_weights(self.folder.path / "model.safetensors", model)
        write_beside(self.folder.path / "README.md", card.encode())
        moment = Finished(
            self.elapsed(), str(self.folder.path), str(self.folder.instrument), self.medium.measure,
            score.nats_per_measure, self.baseline.name, baseline, score.length, kept, stopped,
            mixed, copying,
        )  # fmt: skip
        self.tell(moment)
        return moment

    def _duet(self, instrument: Instrument, patience: float) -> Duet | None:
        """The network and its n-gram as one, fitted, where that is how a run of this size plays."""
        wanted = plays_as_duet(self.medium, self.corpus.events_learned, self.recipe.duet)
        if not self.corpus.inner or not wanted:
            return None
        return fit_duet(instrument, self.rival, self.corpus.inner, patience)

    def _advise(self, nats: float, baseline: float, duet: Duet | None) -> None:
        if nats <= baseline or duet is not None:
            return
        self.tell(
            Warned(
                self.elapsed(),
                f"{self.baseline.name} still foretells this material better ({baseline:.3f} nats per "
                f"{self.medium.measure} against {nats:.3f}). Give it more time or more material.",
            )
        )

    def _facts(self, kept: str) -> dict[str, Any]:
        learner = self.learner
        return {
            "name": self.folder.name,
            "medium": self.medium.kind,
            "measure": self.medium.measure,
            "material": f"{self.corpus.events_learned:,} events",
            "sources": self.asked["sources"],
            "licence": self.asked["licence"],
            "pieces": self.recipe.pieces,
            "layout": self.recipe.layout,
            "network": self.network,
            "weights": sum(p.numel() for p in learner.model.parameters()),
            "steps": learner.step,
            "events_read": learner.step * int(learner.feed.batch(0).mask.sum()),
            "seconds": round(self.elapsed(), 1),
            "machine": _machine(),
            "precision": self.recipe.training.precision,
            "seed": self.recipe.seed,
            "kept": kept,
            "baseline": self.baseline.name,
            "version": __version__,
            "date": date.today().isoformat(),
        } | ({"origin": self.asked["origin"]} if self.asked.get("origin") else {})

    def _figures(self, score: HeldOutScore, baseline: float) -> dict[str, Any]:
        return {
            "held_out": score.length,
            "nats_per_measure": score.nats_per_measure,
            "bits_per_measure": score.nats_per_measure / math.log(2),
            "baseline_nats": baseline,
        }


def _machine() -> str:
    """The kind of machine, as far as it matters for a figure; never its name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"

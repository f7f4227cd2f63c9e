"""The hours between a plan and a finished file: steps, evaluations, checkpoints, and the file that plays."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, final

from undersong import __version__, registry
from undersong.config import toml_text
from undersong.errors import KeepingError, UsageError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping import instrument_file
from undersong.keeping.card import write_card
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.run_folder import RunFolder
from undersong.keeping.writing import write_beside
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.learning.training.budget import choose_size, prepare_cpu, probe, seeded
from undersong.learning.training.checkpoint import load_learner, load_weights, save_learner, save_weights
from undersong.learning.training.evaluation import HeldOut, held_out_nats
from undersong.learning.training.schedules import Plan
from undersong.learning.training.streams import Example, Feed, Pieces, Streams
from undersong.learning.training.trainer import Learner
from undersong.making.assembling import assemble
from undersong.making.baseline import Baseline
from undersong.making.corpus import Corpus, watched_stretches
from undersong.making.moments import Evaluated, Finished, Moment, Observer, Planned, Stepped, Warned
from undersong.making.recipe import Recipe
from undersong.making.samples import three_samples
from undersong.making.scoring import score_stretches
from undersong.playing.loading import from_file

__all__ = ["Teacher"]

_QUICK = 16_384  # held-out events of an evaluation on the way; the final score plays them all
_SAVE_EVERY = 60.0  # seconds of learning that a power cut may cost
_TELL_EVERY = 0.25  # seconds between two reports of progress
_KEEP_EVERY = 10  # steps between two lines of the log
_CLEARLY = 0.01  # nats by which an earlier model must be better to be kept instead of the last
_FINAL_SHARE = 0.05  # of the minutes, at most, go to the final score


@final
class Teacher:
    """One run, from its corpus to its instrument."""

    def __init__(
        self,
        folder: RunFolder,
        medium: AbstractMedium,
        codec: AbstractCodec,
        corpus: Corpus,
        baseline: Baseline,
        recipe: Recipe,
        asked: Mapping[str, Any],
        observer: Observer,
        began: float,
    ) -> None:
        self.folder, self.medium, self.codec, self.corpus = folder, medium, codec, corpus
        self.baseline, self.recipe, self.asked, self.observer = baseline, recipe, asked, observer
        self.began = began
        self.seconds: float | None = asked["minutes"] * 60 if asked.get("minutes") else None
        if self.seconds is None and asked.get("steps") is None:
            self.seconds = 600.0  # ten minutes, when nobody says
        self.before = 0.0  # seconds an interrupted run had already taken
        self.best: tuple[float, int] = (float("inf"), 0)
        self.losses: deque[float] = deque(maxlen=100)
        watched = watched_stretches(corpus.held_out, _QUICK)
        self.watched = [HeldOut(s.before, s.events, s.condition) for s in watched]
        self.baseline_nats = baseline.nats(watched) / max(1, sum(len(s.events) for s in watched))
        self.evaluations = 6 if self.seconds is not None and self.seconds < 120 else 10
        self.learner, self.precision = self._prepare()

    # ── before the first step ──────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self) -> tuple[Learner, str]:
        prepare_cpu()
        core, training = self.recipe.core, self.recipe.training
        sizing = choose_size(self.corpus.events_learned, self.seconds)
        size = sizing.size if core.size == "auto" else core.size
        embedding = max(16, size // 4) if core.embedding == "auto" else core.embedding
        dropout = sizing.dropout if core.dropout == "auto" else core.dropout
        kind = registry.resolve("cores", core.kind)
        layer = {"kind": kind, "size": size, "settings": core.settings}
        spec = ModelSpec(
            event=self.codec.event,
            embedding=embedding,
            layers=(layer,) * core.layers,
            heads={
                "next": {
                    "kind": registry.resolve("heads", self.codec.head),
                    "distribution": dict(self.codec.distribution),
                }
            },
            conditions=self.codec.conditions,
            dropout=dropout,
        )
        with seeded(self.recipe.seed):
            model = Autoregressive(spec)
        feed = self._feed()
        found = probe(model, feed, training.precision)
        precision = str(found.dtype).removeprefix("torch.")
        self.seconds_per_step = found.seconds[precision]
        steps = self.asked.get("steps") or max(1, int(self._left() / self.seconds_per_step))
        learner = Learner(model, feed, training, Plan.of(steps), self.recipe.seed, found.dtype)
        resolved = self.recipe.model_copy(
            update={"core": core.model_copy(update={"size": size, "embedding": embedding, "dropout": dropout})}
        )
        self.recipe = resolved.model_copy(update={"training": training.model_copy(update={"precision": precision})})
        return learner, precision

    def _feed(self) -> Feed:
        training = self.recipe.training
        examples = [Example(s.events, s.condition, self.codec.beginnings(s.events)) for s in self.corpus.learned]
        start, end, seed = self.codec.start, self.codec.end, self.recipe.seed
        if training.shape == "pieces":
            return Pieces(examples, start, end, self.codec.conditions, training.rows, training.longest, seed)
        return Streams(examples, start, end, training.rows, training.window, seed)

    def resume(self) -> None:
        """Go on from the last checkpoint, or begin where there is none yet. Raises RunFolderError."""
        checkpoint = self.folder.private / "last.safetensors"
        if not checkpoint.is_file():
            return
        facts = load_learner(checkpoint, self.learner)
        self.before = float(facts["elapsed"])
        self.best = (float(facts["best"][0]), int(facts["best"][1]))
        self.last_nats = float(facts["last_nats"])
        self.losses.extend(facts["losses"])

    def extend(self, minutes: float | None, steps: int | None) -> None:
        """Go on for so many minutes from now, or up to so many steps in all, as if that had been the plan all along.

        So the rate rises again to where it would be on the longer way. Raises UsageError.
        """
        learner = self.learner
        if steps is not None and steps <= learner.step:
            raise UsageError(
                f"This run has already taken {learner.step:,} steps.",
                "--steps counts from its beginning: ask for more.",
            )
        self.seconds = None if minutes is None else self._elapsed() + minutes * 60
        self.asked = {**self.asked, "steps": steps, "minutes": None if self.seconds is None else self.seconds / 60}
        last = steps or learner.step + max(1, int(self._left() / self.seconds_per_step))
        if last != learner.plan.steps:
            learner.plan = Plan((*learner.plan.legs, (learner.step, learner.step / last, last)))

    # ── the steps ──────────────────────────────────────────────────────────────────────────────────────────────────

    def teach(self, should_stop: Callable[[], bool]) -> Finished:
        """Learn to the end of the plan, or until asked to stop; then write the instrument."""
        learner = self.learner
        self.folder.write_json("config.json", learner.model.spec.to_json())
        write_beside(self.folder.path / "recipe.toml", toml_text(self.recipe.model_dump()).encode())
        self._tell(
            Planned(
                self._elapsed(),
                self._network(),
                sum(p.numel() for p in learner.model.parameters()),
                self.precision,
                learner.plan.steps,
                int(learner.feed.batch(0).mask.sum()),
                self.seconds,
                resumed=learner.step > 0,
            )
        )
        stopped = False
        self.saved = time.monotonic()
        due = self._next_evaluation()
        recent: deque[float] = deque(maxlen=50)
        told = 0.0
        while learner.step < learner.plan.steps and not stopped:
            began = time.monotonic()
            report = learner.advance()
            recent.append(time.monotonic() - began)
            self.losses.append(report.nats)
            seconds = sum(recent) / len(recent)
            nats = sum(self.losses) / len(self.losses)
            stepped = Stepped(
                self._elapsed(), report.step, learner.plan.steps, nats, report.rate,
                report.gradient_norm, report.events / seconds, self._to_go(seconds),
            )  # fmt: skip
            if report.step % _KEEP_EVERY == 0:
                self._keep_moment(stepped)
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                self.observer(stepped)
            stopped = should_stop()
            if time.monotonic() - self.saved > _SAVE_EVERY:
                self._checkpoint()
            regular = learner.step >= due or learner.step >= learner.plan.steps
            if stopped or regular:
                self._evaluate(nats, regular)
                self._replan(seconds)
                due = self._next_evaluation()
        return self._finish(stopped)

    def _next_evaluation(self) -> int:
        plan, done = self.learner.plan, self.learner.plan.progress(self.learner.step)
        share = (
            int(done * self.evaluations + 0.05) + 1
        ) / self.evaluations  # a step's rounding is not another evaluation
        ahead = (share - done) / max(1e-9, 1 - done) * (plan.steps - self.learner.step)
        return self.learner.step + max(1, math.ceil(ahead - 1e-6))  # the same step, wherever it is looked for from

    def _replan(self, seconds: float) -> None:
        """Spread what is left over the steps that the remaining time still holds."""
        learner = self.learner
        if self.seconds is None or learner.step >= learner.plan.steps:
            return
        to_come = self.evaluations * (1 - learner.plan.progress(learner.step))
        left = self._left() - to_come * self.evaluation_seconds
        last = learner.step + max(1, int(left / seconds))
        if abs(last - learner.plan.steps) > 0.02 * learner.plan.steps:
            learner.plan = learner.plan.changed(learner.step, last)
            with contextlib.suppress(KeepingError):
                self.folder.append_log(
                    {"what": "replanned", "elapsed": self._elapsed(), "plan": learner.plan.to_json()}
                )

    def _evaluate(self, learned_nats: float, regular: bool) -> None:
        """Look, save and tell. Only what an uninterrupted run would look at, too, may become the best."""
        began = time.monotonic()
        learner = self.learner
        nats = held_out_nats(learner.model, self.watched, self.codec.start, self.codec.conditions)
        self.last_nats = nats
        better = regular and nats < self.best[0]
        file = assemble(self.folder.name, self.medium, self.codec, learner.model, self._facts("half learned", None))
        self._save(file, (nats, learner.step) if better else None)
        samples = three_samples(from_file(file), self.recipe.seed)
        self._tell(
            Evaluated(
                self._elapsed(), learner.step, learner.plan.steps, learned_nats, nats,
                self.baseline.name, self.baseline_nats, samples, better,
            )
        )  # fmt: skip
        self.evaluation_seconds = time.monotonic() - began
        self._warn(learned_nats, nats)

    def _save(self, file: InstrumentFile, best: tuple[float, int] | None) -> None:
        """Checkpoint and half-learned instrument; a full disk must not end the learning, so it is only told."""
        learner, private = self.learner, self.folder.private
        try:
            if best is not None:
                save_weights(private / "best.safetensors", learner.model)
                self.best = best  # only now: what could not be saved cannot be kept
            instrument_file.write(self.folder.instrument, file)
        except KeepingError as error:
            self._tell(Warned(self._elapsed(), f"{error.what} Learning goes on. {error.do}"))
        self._checkpoint()

    def _checkpoint(self) -> None:
        self.saved = time.monotonic()
        facts = {"elapsed": self._elapsed(), "best": list(self.best), "last_nats": self.last_nats}
        facts["losses"] = list(self.losses)
        try:
            save_learner(self.folder.private / "last.safetensors", self.learner, facts)
        except KeepingError as error:
            self._tell(Warned(self._elapsed(), f"{error.what} Learning goes on. {error.do}"))

    def _warn(self, learned: float, nats: float) -> None:
        if nats > self.best[0] + 5 * _CLEARLY and learned < nats:
            self._tell(
                Warned(
                    self._elapsed(),
                    f"It is learning the material by heart: {learned:.2f} nats on what it has read, {nats:.2f} on what "
                    f"it has not, which was {self.best[0]:.2f} at step {self.best[1]:,}. The better one is kept; "
                    "less time, more material or a higher --set core.dropout would help.",
                )
            )

    # ── after the last step ────────────────────────────────────────────────────────────────────────────────────────

    def _finish(self, stopped: bool) -> Finished:
        learner = self.learner
        kept = self._keep(stopped)
        facts = self._facts(kept, None)
        file = assemble(self.folder.name, self.medium, self.codec, learner.model, facts)
        score = score_stretches(from_file(file), self.corpus.held_out, self._patience())
        baseline = self.baseline.nats(score.stretches) / max(1, score.length)
        if score.nats_per_measure > baseline:
            self._tell(
                Warned(
                    self._elapsed(),
                    f"{self.baseline.name} still foretells this material better ({baseline:.3f} nats per "
                    f"{self.medium.measure} against {score.nats_per_measure:.3f}). Give it more time or more material.",
                )
            )
        facts = self._facts(kept, (score.nats_per_measure, baseline, score.length))
        card = write_card(facts)
        instrument_file.write(
            self.folder.instrument, replace(file, description=replace(file.description, provenance=facts), card=card)
        )
        save_weights(self.folder.path / "model.safetensors", learner.model)
        write_beside(self.folder.path / "README.md", card.encode())
        finished = Finished(
            self._elapsed(), str(self.folder.path), str(self.folder.instrument), self.medium.measure,
            score.nats_per_measure, self.baseline.name, baseline, score.length, kept, stopped,
        )  # fmt: skip
        self._tell(finished)
        return finished

    def _keep(self, stopped: bool) -> str:
        """Put the weights that are to play into the model; which they are, in words."""
        learner, wanted = self.learner, self.recipe.training.keep
        use_best = wanted == "best" or (wanted == "auto" and self.last_nats > self.best[0] + _CLEARLY)
        if use_best and self.best[1] != learner.step and (self.folder.private / "best.safetensors").is_file():
            load_weights(self.folder.private / "best.safetensors", learner.model)
            return f"the best of {self.evaluations} evaluations, after step {self.best[1]:,}"
        return (
            f"as it was when stopped, after step {learner.step:,}"
            if stopped
            else f"the last, after step {learner.step:,}"
        )

    def _facts(self, kept: str, score: tuple[float, float, int] | None) -> dict[str, Any]:
        learner = self.learner
        nats, baseline, length = score or (float("nan"), float("nan"), 0)
        material = f"{self.corpus.events_learned:,} events"
        facts: dict[str, Any] = {
            "name": self.folder.name,
            "medium": self.medium.kind,
            "measure": self.medium.measure,
            "material": material,
            "sources": self.asked["sources"],
            "licence": self.asked["licence"],
            "network": self._network(),
            "weights": sum(p.numel() for p in learner.model.parameters()),
            "steps": learner.step,
            "events_read": learner.step * int(learner.feed.batch(0).mask.sum()),
            "seconds": round(self._elapsed(), 1),
            "machine": _machine(),
            "precision": self.precision,
            "seed": self.recipe.seed,
            "kept": kept,
            "baseline": self.baseline.name,
            "version": __version__,
            "date": date.today().isoformat(),
        }
        if score is not None:
            facts |= {
                "held_out": length,
                "nats_per_measure": nats,
                "bits_per_measure": nats / math.log(2),
                "baseline_nats": baseline,
            }
        return facts

    # ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────

    evaluation_seconds = 1.0
    last_nats = float("inf")
    saved = 0.0

    def _elapsed(self) -> float:
        return self.before + time.monotonic() - self.began

    def _left(self) -> float:
        """Seconds of learning that the given minutes still hold, the final score set aside."""
        assert self.seconds is not None
        return max(0.0, self.seconds - self._elapsed() - self._patience() - 1.0)

    def _patience(self) -> float:
        """Seconds the final score may take; without minutes, as long as it needs."""
        return self.seconds * _FINAL_SHARE if self.seconds is not None else float("inf")

    def _to_go(self, seconds: float) -> float:
        steps = self.learner.plan.steps - self.learner.step
        evaluations = self.evaluations * (1 - self.learner.plan.progress(self.learner.step))
        return steps * seconds + evaluations * self.evaluation_seconds

    def _network(self) -> str:
        core = self.recipe.core
        return f"{core.layers} x {core.size} {core.kind.split('.')[0]}"

    def _tell(self, moment: Moment) -> None:
        self._keep_moment(moment)
        self.observer(moment)

    def _keep_moment(self, moment: Moment) -> None:
        with contextlib.suppress(KeepingError):  # a line of the log is not worth a run
            self.folder.append_log(moment.to_json())


def _machine() -> str:
    """The kind of machine, as far as it matters for a figure; never its name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"

"""The hours between a plan and a finished file: steps, evaluations, checkpoints, and what goes wrong on the way."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, final

from undersong.config import toml_text
from undersong.errors import KeepingError, LearningError, UsageError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping import instrument_file
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.run_folder import RunFolder
from undersong.keeping.writing import write_beside
from undersong.learning.training.checkpoint import save_learner, save_weights
from undersong.learning.training.evaluation import HeldOut, held_out_nats
from undersong.learning.training.schedules import Plan
from undersong.making.assembling import assemble
from undersong.making.baseline import Baseline, count_baseline
from undersong.making.control import Control
from undersong.making.corpus import Corpus, watched_stretches
from undersong.making.finishing import Finisher
from undersong.making.moments import Evaluated, Finished, Moment, Observer, Planned, Stepped, Warned
from undersong.making.origin import Origin
from undersong.making.preparing import led, prepare, sized
from undersong.making.recipe import Recipe
from undersong.making.samples import three_samples
from undersong.playing.loading import from_file

__all__ = ["Teacher"]

_QUICK = 16_384  # held-out events of an evaluation on the way; the final score plays them all
_SAVE_EVERY = 60.0  # seconds of learning that a power cut may cost
_TELL_EVERY = 0.25  # seconds between two reports of progress
_KEEP_EVERY = 10  # steps between two lines of the log
_BY_HEART = 0.03  # nats above the best evaluation from which learning by heart is spoken of
_FINAL_SHARE = 0.08  # of the minutes, at most, go to what comes after the last step


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
        origin: Origin | None = None,
        resume: bool = False,
    ) -> None:
        """`resume` goes on from the last checkpoint, or begins where there is none yet. Raises RunFolderError."""
        self.folder, self.medium, self.codec, self.corpus = folder, medium, codec, corpus
        self.baseline, self.asked, self.observer = baseline, asked, observer
        self.began = began
        self.seconds: float | None = asked["minutes"] * 60 if asked.get("minutes") else None
        if self.seconds is None and asked.get("steps") is None:
            self.seconds = 600.0  # ten minutes, when nobody says
        self.before = 0.0  # seconds an interrupted run had already taken
        self.best: tuple[float, int] = (float("inf"), 0)
        self.losses: deque[float] = deque(maxlen=100)
        watched = watched_stretches(corpus.inner or corpus.held_out, _QUICK)
        self.watched = [HeldOut(s.before, s.events, s.condition) for s in watched]
        self.rival = _rival(medium, codec, corpus, baseline, recipe)
        self.baseline_nats = self.rival.nats(watched) / max(1, sum(len(s.events) for s in watched))
        self.evaluations = 6 if self.seconds is not None and self.seconds < 120 else 10
        recipe, sizing = sized(recipe, codec, corpus, self.seconds, goes_on=origin is not None)
        prepared = prepare(recipe, codec, corpus, origin)
        self.recipe = prepared.recipe
        self.seconds_per_step = prepared.seconds_per_step
        self.most = int(min(sizing.most_passes * prepared.feed.steps_per_pass, 2**53))  # steps that still teach
        self.control = Control(folder, self._elapsed, self._tell, self._checkpoint)
        plan = Plan.of(asked.get("steps") or self._affordable(0))
        self.learner, facts = led(prepared, plan, folder, resume and folder.checkpoint.is_file())
        if facts is not None:
            self._go_on(facts)

    def _affordable(self, step: int) -> int:
        """The step at which the minutes end, or at which there is nothing more to learn."""
        return max(step + 1, min(self.most, step + int(self._left() / self.seconds_per_step)))

    def _go_on(self, facts: Mapping[str, Any]) -> None:
        self.before = float(facts["elapsed"])
        self.best = (float(facts["best"][0]), int(facts["best"][1]))
        self.last_nats = float(facts["last_nats"])
        self.losses.extend(facts["losses"])
        self.log_size = int(facts["log_size"])

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
        self.most = max(self.most, last)  # who asks for more gets it
        if last != learner.plan.steps:
            learner.change_plan(Plan((*learner.plan.legs, (learner.step, learner.step / last, last))))

    # ── the steps ──────────────────────────────────────────────────────────────────────────────────────────────────

    def teach(self, should_stop: Callable[[], bool]) -> Finished:
        """Learn to the end of the plan, or until asked to stop; then write the instrument."""
        learner = self.learner
        if self.log_size is not None:  # only now: until here it might have been refused
            self.folder.cut_log(self.log_size)
        self.folder.write_json("config.json", learner.model.spec.to_json())
        write_beside(self.folder.path / "recipe.toml", toml_text(self.recipe.model_dump()).encode())
        self._say_if_short()
        self._tell(
            Planned(
                self._elapsed(),
                self._network(),
                sum(p.numel() for p in learner.model.parameters()),
                self._where(),
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
            try:
                report = learner.advance()
            except LearningError as error:
                self._return(error)
                due = self._next_evaluation()
                continue
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
            heeded = self.control.heed(should_stop)
            self.began += heeded.seconds
            stopped = should_stop() or heeded.stop
            if time.monotonic() - self.saved > _SAVE_EVERY:
                self._checkpoint()
            regular = learner.step >= due or learner.step >= learner.plan.steps
            if stopped or regular:
                self._evaluate(nats, regular)
                self._replan(seconds)
                due = self._next_evaluation()
        learner.done()
        finisher = Finisher(
            self.folder, self.medium, self.codec, self.corpus, self.baseline, self.rival, self.recipe, self.asked,
            learner, self._network(), self._elapsed, self._tell,
        )  # fmt: skip
        return finisher.finish(self.best, self.last_nats, self.evaluations, stopped, self.patience)

    def _say_if_short(self) -> None:
        """The minutes may be more than the material is worth."""
        seconds = self.learner.plan.steps * self.seconds_per_step
        if self.seconds is None or self.learner.plan.steps < self.most or seconds > 0.8 * self._left():
            return
        self._tell(
            Warned(
                self._elapsed(),
                f"Read more than {self.most / self.learner.feed.steps_per_pass:.0f} times, so little material is only "
                f"learned by heart: about {max(seconds, 1.0):.0f} s will do.",
            )
        )

    def _return(self, error: LearningError) -> None:
        """Back to the last good step at half the rate, and say why. Raises LearningError when that is no use."""
        step = self.learner.step
        back = self.learner.go_back()
        self._tell(
            Warned(
                self._elapsed(),
                f"{error.what} Learning went back from step {step:,} to step {back:,} and goes on at half the rate. "
                "A lower --set training.rate would have avoided it.",
            )
        )

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
        last = min(max(self.most, learner.step + 1), learner.step + max(1, int(left / seconds)))
        if abs(last - learner.plan.steps) > 0.02 * learner.plan.steps:
            learner.change_plan(learner.plan.changed(learner.step, last))
            with contextlib.suppress(KeepingError):
                self.folder.append_log(
                    {"what": "replanned", "elapsed": self._elapsed(), "plan": learner.plan.to_json()}
                )

    def _evaluate(self, learned_nats: float, regular: bool) -> None:
        """Look, tell and save. Only what an uninterrupted run would look at, too, may become the best."""
        began = time.monotonic()
        learner = self.learner
        with learner.playing() as model:
            nats = held_out_nats(model, self.watched, self.codec.start, self.codec.conditions)
            facts = {"name": self.folder.name, "kept": "half learned", "steps": learner.step}
            file = assemble(self.folder.name, self.medium, self.codec, model, facts)
            self.last_nats = nats
            better = regular and nats < self.best[0]
            self._save(file, (nats, learner.step) if better else None)
        samples = three_samples(from_file(file), self.recipe.seed)
        self._tell(
            Evaluated(
                self._elapsed(), learner.step, learner.plan.steps, learned_nats, nats,
                self.baseline.name, self.baseline_nats, samples, better,
            )
        )  # fmt: skip
        self._checkpoint()  # after the log, which is cut back to what it was at the checkpoint
        self.evaluation_seconds = time.monotonic() - began
        self._warn(learned_nats, nats)

    def _save(self, file: InstrumentFile, best: tuple[float, int] | None) -> None:
        """Best weights and half-learned instrument; a full disk must not end the learning, so it is only told."""
        learner, private = self.learner, self.folder.private
        try:
            if best is not None:
                save_weights(private / "best.safetensors", learner.model)
                self.best = best  # only now: what could not be saved cannot be kept
            instrument_file.write(self.folder.instrument, file)
        except KeepingError as error:
            self._tell(Warned(self._elapsed(), f"{error.what} Learning goes on. {error.do}"))

    def _checkpoint(self) -> None:
        self.saved = time.monotonic()
        facts = {"elapsed": self._elapsed(), "best": list(self.best), "last_nats": self.last_nats}
        facts |= {"losses": list(self.losses), "log_size": self.folder.log_size()}
        try:
            save_learner(self.folder.checkpoint, self.learner, facts)
        except KeepingError as error:
            self._tell(Warned(self._elapsed(), f"{error.what} Learning goes on. {error.do}"))

    def _warn(self, learned: float, nats: float) -> None:
        """Say once, and early, that what is not read no longer gets any better."""
        if self.warned or nats < self.best[0] + _BY_HEART or learned >= nats:
            return
        self.warned = True
        kept = "The best evaluation is what will be kept" if self.corpus.inner else "The last weights will be kept"
        self._tell(
            Warned(
                self._elapsed(),
                f"It begins to learn the material by heart: {learned:.2f} nats on what it reads, {nats:.2f} on what it "
                f"does not, which was {self.best[0]:.2f} at step {self.best[1]:,}. {kept}; less time, more material or "
                "a higher --set core.dropout would help.",
            )
        )

    # ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────

    evaluation_seconds = 1.0
    last_nats = float("inf")
    saved = 0.0
    warned = False
    log_size: int | None = None  # of the log at the checkpoint that it goes on from

    def _elapsed(self) -> float:
        return self.before + time.monotonic() - self.began

    def _left(self) -> float:
        """Seconds of learning that the given minutes still hold, what comes after the last step set aside."""
        assert self.seconds is not None
        return max(0.0, self.seconds - self._elapsed() - self.patience - 1.0)

    @property
    def patience(self) -> float:
        """Seconds that what comes after the last step may take; without minutes, as long as it needs."""
        return self.seconds * _FINAL_SHARE if self.seconds is not None else float("inf")

    def _to_go(self, seconds: float) -> float:
        steps = self.learner.plan.steps - self.learner.step
        evaluations = self.evaluations * (1 - self.learner.plan.progress(self.learner.step))
        return steps * seconds + evaluations * self.evaluation_seconds

    def _network(self) -> str:
        core = self.recipe.core
        return f"{core.layers} x {core.size} {core.kind.split('.')[0]}"

    def _where(self) -> str:
        training = self.recipe.training
        return training.precision if training.device == "cpu" else f"{training.precision} on {training.device}"

    def _tell(self, moment: Moment) -> None:
        self._keep_moment(moment)
        self.observer(moment)

    def _keep_moment(self, moment: Moment) -> None:
        with contextlib.suppress(KeepingError):  # a line of the log is not worth a run
            self.folder.append_log(moment.to_json())


def _rival(
    medium: AbstractMedium, codec: AbstractCodec, corpus: Corpus, baseline: Baseline, recipe: Recipe
) -> Baseline:
    """The baseline to decide beside: it, too, must not have learned what decides."""
    if not corpus.inner:
        return baseline
    ngram = recipe.ngram
    return count_baseline(medium.baseline, codec, corpus.learned, recipe.training.shape, ngram.methods, ngram.orders)

"""What tuning has tried so far, as a file that can be gone on with: settings and figures, nothing of the material."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, final

from undersong.config import toml_text
from undersong.errors import RunFolderError
from undersong.keeping.writing import write_beside

__all__ = ["Study", "Trial"]


@final
@dataclass(frozen=True)
class Trial:
    """One short run: what was set, and the held-out nats at each of its evaluations.

    Trial 0 is the recipe as it stands. `pruned` was given up because half of the others were better at that point,
    `failed` could not go on learning.
    """

    number: int
    settings: Mapping[str, float]
    evaluations: tuple[float, ...]
    steps: int
    seconds: float
    ended: Literal["finished", "pruned", "failed"]

    @property
    def nats(self) -> float:
        """Its best evaluation, per event: the weights that a run would keep. Infinite where it did not finish."""
        return min(self.evaluations) if self.ended == "finished" else math.inf

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "nats": self.nats if self.ended == "finished" else None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trial:
        """Raises KeyError, TypeError, ValueError where the data is no trial."""
        if data["ended"] not in ("finished", "pruned", "failed"):
            raise ValueError(data["ended"])
        if data["ended"] == "finished" and not data["evaluations"]:
            raise ValueError("a trial without an evaluation")
        settings = {str(key): value for key, value in data["settings"].items()}
        evaluations = tuple(float(nats) for nats in data["evaluations"])
        number, steps, seconds = int(data["number"]), int(data["steps"]), float(data["seconds"])
        return cls(number, settings, evaluations, steps, seconds, data["ended"])


@final
@dataclass
class Study:
    """Every trial so far; `of` is what they have in common: the material's digest, the recipe, and what each gets."""

    path: Path
    of: Mapping[str, Any]
    trials: list[Trial] = field(default_factory=list)

    @property
    def best(self) -> Trial:
        return min(self.trials, key=lambda trial: trial.nats)

    def add(self, trial: Trial) -> None:
        """Keep it at once. Raises KeepingError."""
        self.trials.append(trial)
        told = {"of": dict(self.of), "trials": [each.to_json() for each in self.trials]}
        write_beside(self.path, (json.dumps(told, indent=1) + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> Study:
        """Raises RunFolderError where there is no study, or a damaged one."""
        try:
            told = json.loads(path.read_bytes())
            trials = [Trial.from_json(each) for each in told["trials"]]
            if [trial.number for trial in trials] != list(range(len(trials))) or not isinstance(told["of"], dict):
                raise ValueError("its trials are not in order")
            return cls(path, told["of"], trials)
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunFolderError(
                f"There is no study to go on with in '{path}': {error}.", "Begin one by leaving --resume out."
            ) from error

    def write_recipe(self, path: Path, common: Mapping[str, Any]) -> None:
        """The best trial as a recipe, over what all have in common. Raises KeepingError."""
        best, first = self.best, self.trials[0]
        data: dict[str, Any] = json.loads(json.dumps(dict(common)))
        if best is not first:  # else every choice that was left open stays so: another run may have other minutes
            for key, value in best.settings.items():
                part, _, name = key.partition(".")
                data.setdefault(part, {})[name] = value
        each = f"{self.of['steps']:,} steps" if self.of["steps"] else f"{self.of['seconds']:.0f} s"
        count = len(self.trials)
        told = (
            f"# Tuned in {count} trials of {each}: {best.nats:.4f} nats per event on an inner held-out part, where\n"
            f"# the recipe it began from has {first.nats:.4f}. It was chosen by that part: the first flatters.\n"
        )
        write_beside(path, (told + toml_text(data)).encode())

"""The public names of the package, each imported only when it is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undersong.errors import UndersongError
from undersong.keeping.run_folder import runs
from undersong.making.run import Run
from undersong.playing.holding import hold
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.loading import load
from undersong.playing.mixtures.mixing import mix

__all__ = ["Instrument", "Run", "UndersongError", "by_letter", "hold", "learn", "load", "mix", "runs"]


def learn(
    files: str | Path | Sequence[str | Path],
    minutes: float | None = None,
    *,
    steps: int | None = None,
    recipe: str | None = None,
    out: str | Path | None = None,
    origin: str | Path | None = None,
    **settings: object,
) -> Run:
    """Learn an instrument from files, in minutes or steps (ten minutes when neither is given); prints as it goes.

    `origin` is a run, a voice or an instrument file to go on from. `settings` override the recipe, with `__` for the
    dot: `core__size=256`.
    Raises InputError, UsageError, RunFolderError, KeepingError, LearningError, MissingExtraError.
    """
    from undersong.making.learn import Request, learn
    from undersong.making.moments import Moment, Stepped

    def tell(moment: Moment) -> None:
        if not isinstance(moment, Stepped):
            print(moment)

    several = [files] if isinstance(files, str | Path) else list(files)
    changes = tuple(f"{key.replace('__', '.')}={value}" for key, value in settings.items())
    folder = None if out is None else Path(out)
    begins_as = None if origin is None else str(origin)
    return learn(Request(several, minutes, steps, recipe, changes, folder, origin=begins_as, observer=tell))

"""Every way Undersong can fail, as a tree: each error says what, where, what was expected, and what to do.

UndersongError
├── InputError                 what a person handed in (exit code 1)
│   ├── MissingFileError       nothing lies at that path
│   ├── UnreadableFileError    it is there but cannot be read, or is not what it should be
│   ├── TooLittleError         not enough to learn from
│   └── PromptError            a prompt or piece that this codec cannot hold
├── UsageError                 a wrong word or number (exit code 2)
│   ├── UnknownNameError       not in the registry; carries "did you mean"
│   ├── RecipeError            an unknown key or a value out of range
│   ├── DialError              a dial outside its range
│   └── ConstraintError        something asked of a piece that cannot be met
├── InstrumentFileError        a file that is truncated, foreign or hostile
├── RunFolderError             a run folder that is missing, incomplete or in use
├── KeepingError               the disk refused a write; what was there before is still there
├── MissingExtraError          a library that an optional part needs
└── LearningError              learning could not go on

The server has three of its own (`serving.failures`): BusyError, LateError, RefusedError.
"""

from __future__ import annotations

__all__ = [
    "ConstraintError",
    "DialError",
    "InputError",
    "InstrumentFileError",
    "KeepingError",
    "LearningError",
    "MissingExtraError",
    "MissingFileError",
    "PromptError",
    "RecipeError",
    "RunFolderError",
    "TooLittleError",
    "UndersongError",
    "UnknownNameError",
    "UnreadableFileError",
    "UsageError",
]


class UndersongError(Exception):
    """Something went wrong in a way a person can mend: `what` happened, and what to `do` about it."""

    exit_code = 1

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.do = do

    def __str__(self) -> str:
        return f"{self.what}\n  {self.do}" if self.do else self.what


class InputError(UndersongError):
    """What a person handed in cannot be used."""


class MissingFileError(InputError):
    """Nothing lies at that path."""


class UnreadableFileError(InputError):
    """The file is there but cannot be read, or is not of a kind that can be learned from."""


class TooLittleError(InputError):
    """There is not enough material to learn from."""


class PromptError(InputError):
    """A prompt or piece that the instrument's codec cannot hold."""


class UsageError(UndersongError):
    """A wrong word or number in a command or call."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that no entry point offers."""


class RecipeError(UsageError):
    """A recipe with an unknown key or a value out of range."""


class DialError(UsageError):
    """A dial outside its range."""


class ConstraintError(UsageError):
    """Something that a piece must or must not hold, and cannot."""


class InstrumentFileError(UndersongError):
    """An instrument file that is truncated, foreign or hostile; nothing in it was run."""


class RunFolderError(UndersongError):
    """A run folder that is missing, incomplete or in use by another process."""


class KeepingError(UndersongError):
    """The disk refused a write; what was there before is still there."""


class MissingExtraError(UndersongError):
    """An optional part of Undersong needs a library that is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"This needs {library}, which is not installed.",
            f'Install it with: pip install "undersong[{extra}]" (`undersong doctor` says whether this machine can).',
        )


class LearningError(UndersongError):
    """Learning could not go on."""

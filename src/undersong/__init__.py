"""Undersong makes recurrent networks into instruments: learn from your own words in minutes, then play with them live.

    import undersong as us

    run = us.learn("sonnets.txt", minutes=5)
    poet = us.load(run.folder)
    print(poet.sample("Shall I", length=200, temperature=0.7, seed=7))

Names are looked up when they are first used, so that importing the package loads neither torch nor onnxruntime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Instrument", "Run", "UndersongError", "__version__", "by_letter", "hold", "learn", "load", "mix", "runs"]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from undersong.api import Instrument, Run, UndersongError, by_letter, hold, learn, load, mix, runs


def __getattr__(name: str) -> Any:
    if name in __all__:
        from undersong import api

        return getattr(api, name)
    raise AttributeError(f"module 'undersong' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

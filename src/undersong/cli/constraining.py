"""What a person can ask of what is added, as options that any verb which plays may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from undersong.cli.saying import unescaped

if TYPE_CHECKING:
    from undersong.playing.constraining.constraints import Constraints

__all__ = ["AVOID", "AVOID_WORD", "CONTAIN", "LEAST", "MOST", "REFUSE_COPIES", "WORD", "constraints_from"]

_PANEL = "What is added must, and must not"

CONTAIN = typer.Option([], "--contain", help="It holds this, wherever; as often as there are.", rich_help_panel=_PANEL)
AVOID = typer.Option(
    [], "--avoid", help=r"It does not hold this: a letter, or longer; \n is a line end.", rich_help_panel=_PANEL
)
WORD = typer.Option([], "--word", help="It holds this as a whole word, written just so.", rich_help_panel=_PANEL)
AVOID_WORD = typer.Option([], "--avoid-word", help="It does not hold this as a whole word.", rich_help_panel=_PANEL)
LEAST = typer.Option(
    None, "--least", min=0, help="It is no shorter (characters, points …).", rich_help_panel=_PANEL, show_default=False
)
MOST = typer.Option(None, "--most", min=0, help="It is no longer.", rich_help_panel=_PANEL, show_default=False)
REFUSE_COPIES = typer.Option(
    None,
    "--refuse-copies",
    help="No span so long stands in the material, as far as its fingerprints know: 12 or more, 20 is a phrase.",
    rich_help_panel=_PANEL,
    show_default=False,
)


def constraints_from(
    contain: Sequence[str],
    avoid: Sequence[str],
    word: Sequence[str],
    avoid_word: Sequence[str],
    least: int | None,
    most: int | None,
    refuse_copies: int | None,
) -> Constraints | None:
    """What was asked; None where nothing was. Raises ConstraintError."""
    if not (contain or avoid or word or avoid_word) and (least, most, refuse_copies) == (None, None, None):
        return None
    from undersong.playing.constraining.constraints import Constraints

    return Constraints(
        contain=[unescaped(each) for each in contain],
        avoid=[unescaped(each) for each in avoid],
        words=[unescaped(each) for each in word],
        avoid_words=[unescaped(each) for each in avoid_word],
        least=least or 0,
        most=most,
        refuse_copies=refuse_copies,
    )

"""`undersong serve`: instruments over HTTP, for editors, programs and a room full of people."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import typer

from undersong.cli.saying import answer, say

if TYPE_CHECKING:
    from rich.table import Table

    from undersong.serving.classroom import Classroom
    from undersong.serving.running import Opened
    from undersong.serving.settings import Serving

NAME = "serve"
_RUNS_HELP = (
    "Runs, .undersong files or voices, as many as are to play; a+b plays two as one. Without any, the newest run."
)


def command(
    runs: list[str] | None = typer.Argument(None, metavar="RUN", help=_RUNS_HELP),
    port: int = typer.Option(
        8765, "--port", "-p", min=0, max=65_535, help="Where it listens; 0 takes any that is free."
    ),
    host: str | None = typer.Option(
        None, "--host", help="The address; 0.0.0.0 is every one of this machine. Others than 127.0.0.1 want a key."
    ),
    key: str | None = typer.Option(
        None,
        "--key",
        envvar="UNDERSONG_KEY",
        show_envvar=False,
        help="What everybody must send who asks. Better set as UNDERSONG_KEY: a command's words are seen by others.",
    ),
    origin: list[str] = typer.Option([], "--origin", help="A page that may ask from a browser: https://example.org"),
    host_name: list[str] = typer.Option([], "--host-name", help="A name this server goes by, beside its address."),
    workers: int = typer.Option(1, "--workers", min=1, max=64, help="Processes, each with all instruments of its own."),
    classroom: bool = typer.Option(
        False, "--classroom", help="For a room full of people: one address and a code to join; forgets all at its end."
    ),
    people: int | None = typer.Option(None, "--people", min=1, help="How many may join a classroom; 40 if not said."),
    log_works: bool = typer.Option(False, "--log-works", help="Write what is asked and played to the log."),
    changes: list[str] = typer.Option(
        [], "--set", help="A limit by its name, as seconds=20, longest=5000, rows=16 or requests_a_minute=60."
    ),
    json: bool = typer.Option(False, "--json", help="Print the address as JSON once it answers."),
) -> None:
    """Play for others: the `openai` client, old editors' plug-ins, curl, your own page. Ctrl-C ends it.

    Example: undersong serve sonnets keeper --port 8765

    For a class: undersong serve anthology --classroom
    """
    settings = _settings(
        {"port": port, "key": key or None, "origins": origin, "hosts": host_name, "workers": workers,
         "log_works": log_works, "people": people, "host": host},
        changes, classroom,
    )  # fmt: skip
    from undersong.serving.running import serve

    with ExitStack() as until_the_end:

        def ready(opened: Opened) -> None:
            room = _room(opened)
            if json:
                answer(opened.to_json() | ({} if room is None else _invited(opened, room)))
                sys.stdout.flush()
            elif room is None:
                _greet(opened, settings)
            else:
                _welcome(opened, room)
                _show(room, until_the_end)

        ended = serve(runs or [], settings, ready, lambda words: say(f"\n{words}"))
    if not ended:
        raise typer.Exit(130)
    say("Stopped.")


def _settings(given: dict[str, Any], changes: list[str], classroom: bool) -> Serving:
    """What the options say. Raises RecipeError, UsageError."""
    from undersong.config import build, override
    from undersong.serving.settings import Serving

    known = {name: value for name, value in given.items() if value is not None}
    if classroom:
        from undersong.serving.invitation import local_address, new_code

        known = {"host": "0.0.0.0", "join_code": new_code(), **known, "classroom": True}
        if known["host"] == "0.0.0.0":
            local_address()  # where there is no room to invite people to, that is said before anything is loaded
    return build(Serving, override(known, changes), "--set")


# ── what people see ────────────────────────────────────────────────────────────────────────────────────────────────


def _greet(opened: Opened, settings: Serving) -> None:
    names = ", ".join(opened.models)
    say(f"Playing {names} at {opened.address}")
    for note in opened.notes:
        say(f"  {note}")
    who = "who has the key can ask" if settings.key is not None else "this machine reaches it"
    say(f"  Only {who}.")
    say(f"\nTry:   {_try(opened, settings)}")
    say(f"Ask:   {opened.address}/docs says what else can be asked.")
    say("Ctrl-C ends it.\n")


def _try(opened: Opened, settings: Serving) -> str:
    """A line that any shell understands, for a medium of any kind."""
    named = f'"model": "{opened.models[0]}", ' if len(opened.models) > 1 else ""
    key = "" if settings.key is None else ' -H "Authorization: Bearer $UNDERSONG_KEY"'
    asked = f'{{{named}"max_tokens": 80, "temperature": 0.7}}'
    return f"curl {opened.address}/v1/completions{key} -H 'Content-Type: application/json' -d '{asked}'"


# ── a room full of people ──────────────────────────────────────────────────────────────────────────────────────────


def _room(opened: Opened) -> Classroom | None:
    if opened.app is None or not opened.app.state.house.settings.classroom:
        return None
    from undersong.serving.classroom import open_room

    return open_room(opened.app)


def _invited(opened: Opened, room: Classroom) -> dict[str, Any]:
    return {"code": room.code, "link": f"{opened.address}/#{room.code}"}


def _welcome(opened: Opened, room: Classroom) -> None:
    from rich.console import Console
    from rich.text import Text

    from undersong.serving.invitation import Invitation

    invited = Invitation(opened.address, room.code)
    say("")
    Console(stderr=True, soft_wrap=True).print(Text(invited.picture(), style="bright_white on black"))  # for cameras
    say(f"Open   {invited.address}")
    say(f"Code   {invited.code}\n")
    say(f"Playing {', '.join(opened.models)}. Nothing anybody writes is kept. Ctrl-C ends it, and forgets everybody.\n")
    for note in opened.notes:
        say(note)


def _show(room: Classroom, until_the_end: ExitStack) -> None:
    """Who is here, as it changes, where somebody watches."""
    if not sys.stderr.isatty():
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    until_the_end.enter_context(Live(console=console, get_renderable=lambda: _table(room), refresh_per_second=1))


def _table(room: Classroom) -> Table:
    from rich.table import Table
    from rich.text import Text  # a name is no mark-up

    rows = room.board()
    table = Table(box=None, padding=(0, 2), show_header=True, header_style="dim")
    for column in (f"{len(rows)} here" if rows else "nobody here yet", "asked", "played", "last"):
        table.add_column(column)
    for row in rows:
        table.add_row(Text(row.name), f"{row.requests:,}", f"{row.played:,}", _ago(row.seen))
    return table


def _ago(seconds: float) -> str:
    return "now" if seconds < 10 else f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"

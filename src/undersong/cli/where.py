"""`undersong where`: every folder Undersong reads from or writes to."""

from __future__ import annotations

from pathlib import Path

import typer

from undersong.cli.saying import answer, next_step

NAME = "where"


def command(json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """The folders in use: runs here, runs elsewhere, the package and what ships in it.

    Example: undersong where
    """
    import undersong
    from undersong.keeping.run_folder import home, search_folders

    here, elsewhere = search_folders()
    folders = {
        "runs": str(here.resolve()),
        "runs elsewhere": str(elsewhere),
        "home (UNDERSONG_HOME)": str(home()),
        "package": str(Path(undersong.__file__).parent),
    }
    if json:
        answer(folders)
        return
    for name, folder in folders.items():
        there = "" if Path(folder).exists() else "   (not made yet)"
        print(f"{name:24} {folder}{there}")
    next_step("undersong list shows what lies in them.")

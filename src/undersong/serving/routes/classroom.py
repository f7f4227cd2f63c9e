"""A room full of people: the page they write on, coming in, and going.

The page is whole in itself and asks only for what stands in /openapi.json. Off `--classroom` there is no room, and
every path here says so.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Annotated, final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from undersong.errors import UnknownNameError
from undersong.serving.classroom import PAGE, Classroom
from undersong.serving.failures import RefusedError
from undersong.serving.schemas import ERRORS
from undersong.serving.workspaces import COOKIE, Workspace, workspace

__all__ = ["router"]

router = APIRouter(tags=["a room full of people"])


@final
class Joining(BaseModel):
    """Somebody who wants to come in."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    code: str = Field(
        max_length=100,
        description="The code of the room, in capitals or not, with spaces, dashes or neither.",
        examples=["otter maple comet"],
    )
    name: str = Field(max_length=200, description="What to be called; whoever teaches sees it.", examples=["Ada"])


@final
class Me(BaseModel):
    """Somebody who has joined."""

    name: str = Field(description="What you go by here, with a number where somebody else has that name.")
    requests_a_minute: int = Field(description="How much you may ask for: a suggestion is as many as it offers.")


@final
class Joined(BaseModel):
    """The same, with what opens everything else."""

    name: str = Field(description="What you go by here, with a number where somebody else has that name.")
    requests_a_minute: int = Field(description="How much you may ask for: a suggestion is as many as it offers.")
    token: str = Field(
        description="To be sent as `Authorization: Bearer …`; browsers have it in a cookie that no script can read."
    )


@final
class Left(BaseModel):
    """What became of somebody who left."""

    forgotten: bool = Field(description="Always true: name, token and sessions are gone.")


def classroom(request: Request) -> Classroom:
    """The room. Raises UnknownNameError where this server is none."""
    found: Classroom | None = getattr(request.app.state, "classroom", None)
    if found is None:
        raise UnknownNameError("This server is no classroom.", "Start it with: undersong serve --classroom")
    return found


def pupil(request: Request, room: Annotated[Classroom, Depends(classroom)]) -> Workspace:
    """Somebody who has joined. Raises RefusedError for anybody else."""
    person = workspace(request)
    if not person.joined:
        raise RefusedError(
            "You have not joined the room.", f"Send its code and a name to {PAGE}/join.",
            status=401, code="not_joined", headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip
    return person


Room = Annotated[Classroom, Depends(classroom)]
Pupil = Annotated[Workspace, Depends(pupil)]


@router.get(
    PAGE, summary="The page to write on", response_class=HTMLResponse, responses=ERRORS, operation_id="classroom_page"
)
async def page(room: Room) -> HTMLResponse:
    """A page for phones and laptops: join, write, ask for suggestions, turn the dials, copy, be forgotten."""
    whole, policy = _page()
    return HTMLResponse(whole, headers={"Content-Security-Policy": policy})


@router.post(f"{PAGE}/join", summary="Come in", responses=ERRORS, operation_id="classroom_join")
async def join(asked: Joining, request: Request, response: Response, room: Room) -> Joined:
    """A place in the room under a name, for whoever knows the code. Wrong codes are soon answered with 429.

    The token is in the answer, and in a cookie that ends with the browser.
    """
    address = request.client.host if request.client else ""
    token, person = room.join(asked.code, asked.name, address, workspace(request))
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, path="/", secure=secure, httponly=True, samesite="strict")
    return Joined(name=person.name, requests_a_minute=request.app.state.house.settings.requests_a_minute, token=token)


@router.get(f"{PAGE}/me", summary="Who you are here", responses=ERRORS, operation_id="classroom_me")
async def me(person: Pupil, request: Request) -> Me:
    """The name you joined under; 401 for whoever has not."""
    return Me(name=person.name, requests_a_minute=request.app.state.house.settings.requests_a_minute)


@router.post(f"{PAGE}/leave", summary="Be forgotten", responses=ERRORS, operation_id="classroom_leave")
async def leave(person: Pupil, room: Room, response: Response) -> Left:
    """Ends whatever plays for you, and forgets your sessions, your name and your token."""
    room.leave(person)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return Left(forgotten=True)


@cache
def _page() -> tuple[str, str]:
    """The page with its style and script in it, and a policy that runs these two alone, known by what is in them."""
    folder = resources.files("undersong.serving").joinpath("pages")
    html, style, script = (folder.joinpath(f"classroom.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    style, script = f"\n{style}", f"\n{script}"
    whole = html.replace("<style></style>", f"<style>{style}</style>")
    whole = whole.replace("<script></script>", f"<script>{script}</script>")
    policy = (
        f"default-src 'none'; style-src '{_known(style)}'; script-src '{_known(script)}'; img-src data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return whole, policy


def _known(source: str) -> str:
    """How a Content-Security-Policy names a style or script that may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"

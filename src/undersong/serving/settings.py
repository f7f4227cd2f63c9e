"""What a server is told before it starts: where it listens, whom it lets in, and how much it does for anybody."""

from __future__ import annotations

from typing import final

from pydantic import Field

from undersong.config import Settings

__all__ = ["Serving"]


@final
class Serving(Settings):
    """Safe as it stands: only this machine reaches it, and nothing that is asked of it goes on without an end."""

    # ── where it listens, and who may ask ──────────────────────────────────────────────────────────────────────────
    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65_535)
    """0 is any port that is free."""
    key: str | None = Field(None, min_length=1)
    """What everybody must know who asks for anything."""
    origins: tuple[str, ...] = ()
    """Web pages that may ask, as "https://example.org"; none, where nobody says so."""
    hosts: tuple[str, ...] = ()
    """Names by which this server may be called beside that of the address it listens at."""
    workers: int = Field(1, ge=1, le=64)
    """Processes, each with all instruments of its own."""

    # ── how much of anything ───────────────────────────────────────────────────────────────────────────────────────
    body_bytes: int = Field(1_000_000, ge=1_000)
    """Of what one request may bring."""
    longest: int = Field(20_000, ge=1)
    """How long a prompt may be, and what is added to it, in the medium's measure; also how many events."""
    rows: int = Field(64, ge=1)
    """Pieces that one request may ask for."""
    playing: int = Field(1_024, ge=1)
    """Rows that one instrument plays side by side; whoever comes later waits."""
    waiting: int = Field(256, ge=0)
    """Requests that may wait for an instrument; others are told to come again."""
    seconds: float = Field(60.0, gt=0)
    """What one request may take, waiting included."""
    sessions: int = Field(32, ge=1)
    """Live histories that one workspace may keep."""
    requests_a_minute: int = Field(600, ge=1)
    """Of one person."""

    # ── a room full of people ──────────────────────────────────────────────────────────────────────────────────────
    classroom: bool = False
    join_code: str | None = Field(None, min_length=1)
    """What everybody types who joins."""
    people: int = Field(40, ge=1)
    """Who may be in the room at once."""

    log_works: bool = False
    """Whether what people write and are answered may stand in the log."""

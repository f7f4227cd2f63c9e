"""Files of many kinds → texts and records, and a plain report of what was read, changed and dropped."""

from undersong.media.text.reading.formats import SUFFIXES
from undersong.media.text.reading.reader import LEAST_CHARACTERS, read

__all__ = ["LEAST_CHARACTERS", "SUFFIXES", "read"]

"""Learning as TensorBoard shows it: curves and samples in `private/tensorboard/`, where tensorboard is installed.

Its own records and messages are written, but neither by its threaded writer, which looks for TensorFlow and puts the
machine's name into the file's, nor through torch. `tensorboard --logdir runs` then shows every run side by side.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, final

from undersong.keeping.run_folder import RunFolder
from undersong.making.moments import Evaluated, Finished, Moment, Observer, Stepped

__all__ = ["with_tensorboard"]


def with_tensorboard(observer: Observer, folder: RunFolder, wanted: bool) -> Observer:
    """An observer that also writes for TensorBoard; the same one where that is not wanted or not installed."""
    if not wanted:
        return observer
    try:
        import tensorboard.compat.proto.event_pb2
        import tensorboard.summary.writer.record_writer  # noqa: F401 - after this nothing can be missing
    except Exception:  # one that is broken is no reason not to learn
        return observer
    curves = _Curves(folder)

    def both(moment: Moment) -> None:
        curves.see(moment)
        observer(moment)

    return both


@final
class _Curves:
    """An event file of this process, begun at its first step."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder.private / "tensorboard"
        self.records: Any = None
        self.broken = False

    def see(self, moment: Moment) -> None:
        """Write what has a curve or a sample; after the disk refused once, nothing more."""
        if self.broken:
            return
        try:
            if isinstance(moment, Stepped):
                curves = {
                    "nats/learning": moment.nats, "rate": moment.rate, "gradient norm": moment.gradient_norm,
                    "events per second": moment.events_per_second,
                }  # fmt: skip
                self._write(moment.step, curves, {})
            elif isinstance(moment, Evaluated):
                curves = {"nats/held out": moment.nats, f"nats/{moment.baseline}": moment.baseline_nats}
                self._write(moment.step, curves, moment.samples)
            elif isinstance(moment, Finished) and self.records is not None:
                self.records.close()
                self.records = None
        except OSError:
            self.broken = True

    def _write(self, step: int, curves: Mapping[str, float], samples: Mapping[str, str]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        if self.records is None:
            self._begin(step)
        values = [Summary.Value(tag=tag, simple_value=number) for tag, number in curves.items()]
        values += [_shown(f"sample/at {temperature}", sample) for temperature, sample in samples.items()]
        self._record(step=step, summary=Summary(value=values))
        self.records.flush()

    def _begin(self, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"events.out.tfevents.{time.time_ns()}.{os.getpid()}"
        self.records = RecordWriter(file.open("xb"))
        self._record(file_version="brain.Event:2")
        # what an interrupted run had written from this step on is taken once more, and shown once
        self._record(step=step, session_log=SessionLog(status=SessionLog.START))

    def _record(self, **fields: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self.records.write(Event(wall_time=time.time(), **fields).SerializeToString())


def _shown(tag: str, sample: str) -> Any:
    """A sample as the text tab shows it: Markdown that changes none of its lines."""
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    lines = "\n".join(f"    {line}" for line in sample.split("\n"))
    tensor = TensorProto(dtype=DT_STRING, string_val=[lines.encode("utf-8", "replace")])
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Summary.Value(tag=tag, metadata=plugin, tensor=tensor)

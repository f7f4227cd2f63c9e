"""A plain PyTorch LSTM as a good practitioner would write it, in the same minutes and on the same characters.

    python benchmarks/plain_loop.py --seeds 1 2 3                     ten minutes on the first 90 %, scores the rest
    python benchmarks/plain_loop.py --split inner --rate 3e-3         to try settings: scores what lies before that

nn.Embedding, nn.LSTM, nn.Linear; contiguous streams with carried state, AdamW, a schedule that ends with the minutes,
dropout, clipping, autocast and an average of the weights. The held-out characters are scored whole, in one pass with
carried state, warmed by the end of what was learned; and once more in fresh windows of 256.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import loops
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel

SETTINGS = {
    "layers": 1,
    "size": 512,
    "embedding": 128,
    "rows": 32,
    "window": 128,
    "rate": 4e-3,
    "floor": 0.03,  # of the rate, when the minutes end
    "warm_up": 60,  # steps
    "dropout": 0.15,
    "decay": 0.01,
    "clip": 1.0,
    "average": 0.08,  # share of the steps so far that the weights are averaged over; 0 is the last weights
}
WARM = 4096  # characters heard before the first that counts


class Network(nn.Module):
    def __init__(self, symbols: int, asked: argparse.Namespace) -> None:
        super().__init__()
        between = asked.dropout if asked.layers > 1 else 0.0
        self.embedding = nn.Embedding(symbols, asked.embedding)
        self.lstm = nn.LSTM(asked.embedding, asked.size, asked.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(asked.dropout)
        self.head = nn.Linear(asked.size, symbols)
        for name, bias in self.lstm.named_parameters():
            if name.startswith("bias_ih"):
                nn.init.ones_(bias[asked.size : 2 * asked.size])  # remember at first

    def forward(self, events: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        hidden, state = self.lstm(self.dropout(self.embedding(events)), state)
        return self.head(self.dropout(hidden)), state


def main() -> None:
    importing = time.perf_counter() - loops.BEGAN  # every seed pays for it
    asked = loops.options(__doc__ or "", SETTINGS)
    for seed in asked.seeds:
        loops.kept_row("plain_loop", asked, SETTINGS, seed, learned(asked, seed, time.perf_counter() - importing))


def learned(asked: argparse.Namespace, seed: int, began: float) -> dict[str, Any]:
    """Learn until the minutes end, counted from `began`; then score."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # without it float32 takes several times as long once the gates are saturated
    task = loops.Task.of(asked.text, asked.split)
    network = Network(task.symbols, asked)
    average = AveragedModel(network, avg_fn=lambda mean, new, count: mean.lerp(new, 1 / (1 + asked.average * count)))
    optimiser = torch.optim.AdamW(network.parameters(), lr=asked.rate, betas=(0.9, 0.99), weight_decay=asked.decay)
    low = loops.says_bfloat16(asked.precision)
    step, state = 0, None
    for heard, said, fresh in batches(torch.from_numpy(task.learned), asked.rows, asked.window):
        gone = (time.perf_counter() - began) / (60 * asked.minutes)
        if gone >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = loops.rate(gone, step, asked)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            logits, state = network(heard, None if fresh else state)
        state = tuple(part.detach() for part in state)
        loss = cross_entropy(logits.float().flatten(0, 1), said.flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), asked.clip)
        optimiser.step()
        average.update_parameters(network)
        step += 1
    with tempfile.TemporaryDirectory() as folder:
        torch.save(average.module.state_dict(), Path(folder) / "weights.pt")
    seconds = time.perf_counter() - began
    return {
        "network": f"{asked.layers} x {asked.size} nn.LSTM",
        "weights": sum(weight.numel() for weight in network.parameters()),
        "precision": "float32" if state is None else str(state[0].dtype).removeprefix("torch."),
        "seconds": round(seconds, 1),
        "steps": step,
        "characters read": step * asked.rows * asked.window,
        "held out": len(task.held_out),
        "held out and never seen": task.others,
        **scored(average.module.eval(), task),
    }


def batches(events: Tensor, rows: int, window: int) -> Iterator[tuple[Tensor, Tensor, bool]]:
    """Streams side by side for ever, window after window, (B, T) heard and (B, T) said; fresh where they begin anew."""
    while True:
        first = int(torch.randint(window, ()))  # the windows of every pass fall elsewhere
        length = (len(events) - first - 1) // rows
        heard, said = (events[first + later :][: rows * length].view(rows, length) for later in (0, 1))
        for at in range(0, length - window + 1, window):
            yield heard[:, at : at + window], said[:, at : at + window], at == 0


@torch.inference_mode()
def scored(network: nn.Module, task: loops.Task) -> dict[str, float]:
    """Nats per held-out character in float32: in one pass with carried state, and in fresh windows of 256."""
    events = torch.cat([torch.from_numpy(task.learned[-WARM:]), torch.from_numpy(task.held_out)])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one row gives a second thread nothing to do but wait
    nats, state = [], None
    for at in range(0, len(events) - 1, 2048):
        part = events[at : at + 2049]
        logits, state = network(part[None, :-1], state)
        nats.append(cross_entropy(logits[0], part[1:], reduction="none"))
    torch.set_num_threads(threads)
    fresh = 0.0
    for heard, said in task.windows(1, 256):
        logits, _ = network(torch.from_numpy(heard))
        fresh += float(cross_entropy(logits.flatten(0, 1), torch.from_numpy(said).flatten(), reduction="sum"))
    count = len(task.held_out)
    carried = float(torch.cat(nats)[-count:].double().mean())
    return {"nats per character": round(carried, 5), "nats in fresh windows": round(fresh / count, 5)}


if __name__ == "__main__":
    main()

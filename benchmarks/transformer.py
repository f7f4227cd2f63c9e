"""A small decoder-only transformer in plain PyTorch, in the same minutes and on the same characters.

    python benchmarks/transformer.py --seeds 1 2 3                    ten minutes on the first 90 %, scores the rest
    python benchmarks/transformer.py --split inner --width 128        to try settings: scores what lies before that

Pre-norm blocks, rotary positions, GELU, causal scaled_dot_product_attention; random windows, AdamW, a schedule that
ends with the minutes, dropout, clipping, autocast and an average of the weights. Scored twice on every held-out
character: with carried context, where each is foretold from at least half a window, and in fresh windows.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import loops
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout, scaled_dot_product_attention
from torch.optim.swa_utils import AveragedModel

SETTINGS = {
    "layers": 4,
    "width": 192,
    "heads": 6,
    "rows": 8,
    "window": 256,
    "rate": 2e-3,
    "floor": 0.03,  # of the rate, when the minutes end
    "warm_up": 100,  # steps
    "dropout": 0.1,
    "decay": 0.1,  # of matrices
    "clip": 1.0,
    "average": 0.08,  # share of the steps so far that the weights are averaged over; 0 is the last weights
    "tied": 0,  # 1: the head's weights are the embedding's
}


class Block(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.share = heads, dropout
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_heads = nn.Linear(width, 3 * width, bias=False)
        self.from_heads = nn.Linear(width, width, bias=False)
        self.wide = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, turn: Tensor) -> Tensor:
        rows, length, width = x.shape
        parts = self.to_heads(self.first(x)).view(rows, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, heads, T, width / heads)
        share = self.share if self.training else 0.0
        heard = scaled_dot_product_attention(turned(query, turn), turned(key, turn), value, None, share, is_causal=True)
        heard = self.from_heads(heard.transpose(1, 2).reshape(rows, length, width))
        x = x + dropout(heard, self.share, self.training)
        return x + dropout(self.wide(self.second(x)), self.share, self.training)


def turned(x: Tensor, turn: Tensor) -> Tensor:
    """Rotary positions (Su et al., 2021): pairs of numbers turned by an angle that grows with time."""
    first, second = x.chunk(2, dim=-1)
    cosine, sine = turn.cos().to(x.dtype), turn.sin().to(x.dtype)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


class Network(nn.Module):
    pace: Tensor

    def __init__(self, symbols: int, asked: argparse.Namespace) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, asked.width)
        self.dropout = nn.Dropout(asked.dropout)
        self.blocks = nn.ModuleList(Block(asked.width, asked.heads, asked.dropout) for _ in range(asked.layers))
        self.last = nn.LayerNorm(asked.width)
        self.head = nn.Linear(asked.width, symbols, bias=False)
        half = asked.width // asked.heads // 2
        self.register_buffer("pace", 10_000.0 ** -(torch.arange(half) / half))
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                ends = name.endswith(("from_heads.weight", "wide.2.weight"))  # what is added to the stream
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * asked.layers) if ends else 0.02)
        if asked.tied:
            self.head.weight = self.embedding.weight

    def forward(self, events: Tensor) -> Tensor:
        turn = torch.arange(events.shape[1])[:, None] * self.pace  # (T, width / heads / 2)
        x = self.dropout(self.embedding(events))
        for block in self.blocks:
            x = block(x, turn)
        logits: Tensor = self.head(self.last(x))
        return logits


def main() -> None:
    importing = time.perf_counter() - loops.BEGAN  # every seed pays for it
    asked = loops.options(__doc__ or "", SETTINGS)
    for seed in asked.seeds:
        loops.kept_row("transformer", asked, SETTINGS, seed, learned(asked, seed, time.perf_counter() - importing))


def learned(asked: argparse.Namespace, seed: int, began: float) -> dict[str, Any]:
    """Learn until the minutes end, counted from `began`; then score."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    task = loops.Task.of(asked.text, asked.split)
    events = torch.from_numpy(task.learned)
    network = Network(task.symbols, asked)
    average = AveragedModel(network, avg_fn=lambda mean, new, count: mean.lerp(new, 1 / (1 + asked.average * count)))
    matrices = [weight for weight in network.parameters() if weight.ndim > 1]
    others = [weight for weight in network.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": asked.decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=asked.rate, betas=(0.9, 0.99))
    low = loops.says_bfloat16(asked.precision)
    step = 0
    while (gone := (time.perf_counter() - began) / (60 * asked.minutes)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = loops.rate(gone, step, asked)
        first = torch.randint(len(events) - asked.window, (asked.rows, 1))
        windows = events[first + torch.arange(asked.window + 1)]  # (B, T + 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            logits = network(windows[:, :-1])
        loss = cross_entropy(logits.float().flatten(0, 1), windows[:, 1:].flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), asked.clip)
        optimiser.step()
        average.update_parameters(network)
        step += 1
    with tempfile.TemporaryDirectory() as folder:
        torch.save(average.module.state_dict(), Path(folder) / "weights.pt")
    seconds = time.perf_counter() - began
    half, final = asked.window // 2, average.module.eval()
    return {
        "network": f"{asked.layers} x {asked.width} transformer",
        "weights": sum(weight.numel() for weight in network.parameters()),
        "precision": str(logits.dtype).removeprefix("torch."),
        "seconds": round(seconds, 1),
        "steps": step,
        "characters read": step * asked.rows * asked.window,
        "held out": len(task.held_out),
        "held out and never seen": task.others,
        "nats per character": scored(final, task, half, asked.window - half),
        "nats in fresh windows": scored(final, task, 1, asked.window),
    }


@torch.inference_mode()
def scored(network: nn.Module, task: loops.Task, before: int, length: int) -> float:
    """Nats per held-out character in float32, in blocks of `length` after `before` characters that are only heard."""
    nats = 0.0
    for heard, said in task.windows(before, length):
        logits = network(torch.from_numpy(heard))[:, -said.shape[1] :]
        nats += float(cross_entropy(logits.flatten(0, 1), torch.from_numpy(said).flatten(), reduction="sum"))
    return round(nats / len(task.held_out), 5)


if __name__ == "__main__":
    main()

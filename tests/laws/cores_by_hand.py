"""Every core once more, for the reader: one step of one row, one unit at a time, as its paper writes it.

Each takes the core's arrays, its settings, x and the state by name, and gives the state after; the first of it is y.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, sqrt, tanh
from typing import Any

import numpy as np

Row = list[float]
Rows = Mapping[str, Row]


def sigmoid(a: float) -> float:
    return 1 / (1 + exp(-a))


def dot(weights: np.ndarray, values: Row) -> float:
    return sum(float(w) * v for w, v in zip(weights, values, strict=True))


def elman(of: Mapping[str, np.ndarray], settings: Any, x: Row, state: Rows) -> Rows:
    """h' = tanh(W x + U h + b)"""
    w, u, b = of["from_input.weight"], of["from_hidden.weight"], of["from_input.bias"]
    return {"h": [tanh(dot(w[k], x) + dot(u[k], state["h"]) + b[k]) for k in range(len(b))]}


def lstm(of: Mapping[str, np.ndarray], settings: Any, x: Row, state: Rows) -> Rows:
    """c' = f*c + i*g;  h' = o*tanh(c')"""
    w, u, b = of["from_input.weight"], of["from_hidden.weight"], of["from_input.bias"]
    a = [dot(w[k], x) + dot(u[k], state["h"]) + b[k] for k in range(len(b))]
    size = len(a) // 4
    h, c = [], []
    for k in range(size):
        i, f, g, o = sigmoid(a[k]), sigmoid(a[size + k]), tanh(a[2 * size + k]), sigmoid(a[3 * size + k])
        c.append(f * state["c"][k] + i * g)
        h.append(o * tanh(c[k]))
    return {"h": h, "c": c}


def gru(of: Mapping[str, np.ndarray], settings: Any, x: Row, state: Rows) -> Rows:
    """h' = (1 - z)*n + z*h, where r asks the past before or after it goes through U"""
    w, u, b, h = of["from_input.weight"], of["from_hidden.weight"], of["from_input.bias"], state["h"]
    size = len(h)
    b_of_h = of.get("from_hidden.bias", np.zeros(3 * size))
    r = [sigmoid(dot(w[k], x) + b[k] + dot(u[k], h) + b_of_h[k]) for k in range(size)]
    after = []
    for k in range(size):
        z = sigmoid(dot(w[size + k], x) + b[size + k] + dot(u[size + k], h) + b_of_h[size + k])
        from_x = dot(w[2 * size + k], x) + b[2 * size + k]
        if settings.reset == "before":
            n = tanh(from_x + dot(u[2 * size + k], [r[j] * h[j] for j in range(size)]))
        else:
            n = tanh(from_x + r[k] * (dot(u[2 * size + k], h) + b_of_h[2 * size + k]))
        after.append((1 - z) * n + z * h[k])
    return {"h": after}


def normalised(values: Row, gain: np.ndarray, bias: np.ndarray) -> Row:
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return [g * (v - mean) / sqrt(variance + 0.001) + b for v, g, b in zip(values, gain, bias, strict=True)]


def layer_norm_lstm(of: Mapping[str, np.ndarray], settings: Any, x: Row, state: Rows) -> Rows:
    """c' = f*c + i*g;  h' = o*tanh(norm(c')), where the sums of each gate are normalised by themselves"""
    w, u, gain, bias, size = of["from_input.weight"], of["from_hidden.weight"], of["gain"], of["bias"], len(state["h"])
    gates = []
    for gate in range(4):
        own = range(gate * size, (gate + 1) * size)
        gates.append(normalised([dot(w[k], x) + dot(u[k], state["h"]) for k in own], gain[own], bias[own]))
    i, f, g, o = gates
    c = [sigmoid(f[k]) * state["c"][k] + sigmoid(i[k]) * tanh(g[k]) for k in range(size)]
    shown = normalised(c, of["cell_gain"], of["cell_bias"])
    return {"h": [sigmoid(o[k]) * tanh(shown[k]) for k in range(size)], "c": c}


def min_gru(of: Mapping[str, np.ndarray], settings: Any, x: Row, state: Rows) -> Rows:
    """h' = (1 - z)*h + z*n, where neither z nor n hears h"""
    w, b, h = of["from_input.weight"], of["from_input.bias"], state["h"]
    a = [dot(w[k], x) + b[k] for k in range(len(b))]
    z, n = [sigmoid(a[k]) for k in range(len(h))], a[len(h) :]
    return {"h": [(1 - z[k]) * h[k] + z[k] * n[k] for k in range(len(h))]}


def leaky(of: Mapping[str, np.ndarray], settings: Any, x: Row, state: Rows) -> Rows:
    """h' = (1 - leak)*h + leak*tanh(W x + b + U h)"""
    w, u, b, h = of["from_input.weight"], of["from_hidden"], of["from_input.bias"], state["slow_h"]
    heard = [tanh(dot(w[k], x) + b[k] + dot(u[k], h)) for k in range(len(h))]
    return {"slow_h": [(1 - settings.leak) * h[k] + settings.leak * heard[k] for k in range(len(h))]}


BY_HAND: Mapping[str, Callable[[Mapping[str, np.ndarray], Any, Row, Rows], Rows]] = {
    "elman.v1": elman,
    "gru.v1": gru,
    "layer_norm_lstm.v1": layer_norm_lstm,
    "leaky.v1": leaky,
    "lstm.v1": lstm,
    "min_gru.v1": min_gru,
}

"""What each operator of a graph does, in numpy: the semantics of opset 21, one small function each.

A function takes the node's inputs in order, None where one was left out, and its attributes by their ONNX names.
Source: https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from undersong.keeping.operators import DTYPES

__all__ = ["STEPS"]

Array = np.ndarray


def _alike(function: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Any]:
    """Of two arrays of one dtype; numpy alone would find a common one, which ONNX does not."""

    def step(a: Array, b: Array) -> Any:
        if a.dtype != b.dtype:
            raise TypeError(f"{a.dtype} and {b.dtype} do not mix")
        return function(a, b)

    return step


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of floating-point numbers alone; numpy alone would turn whole ones into them."""

    def step(x: Array, *others: Any, **attributes: Any) -> Any:
        if x.dtype.kind != "f":
            raise TypeError(f"not for {x.dtype}")
        return function(x, *others, **attributes)

    return step


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────────


def divide(a: Array, b: Array) -> Any:
    if a.dtype.kind == "f":
        return a / b
    if (b == 0).any():
        raise ZeroDivisionError("division of a whole number by zero")
    quotient = a // b  # rounds down, ONNX towards zero
    return quotient + ((quotient < 0) & (quotient * b != a)).astype(a.dtype)


def power(x: Array, y: Array) -> Any:
    if x.dtype.kind == "f":
        return np.power(x, y.astype(x.dtype))
    return np.power(x.astype(np.float64), y.astype(np.float64)).astype(x.dtype)


def erf(x: Array) -> Any:
    return np.fromiter(map(math.erf, x.ravel().tolist()), np.float64, x.size).astype(x.dtype).reshape(x.shape)


def sigmoid(x: Array) -> Any:
    e = np.exp(-np.abs(x))  # never overflows, and keeps small odds exact
    return np.where(x >= 0, 1, e) / (1 + e)


def softplus(x: Array) -> Any:
    return np.logaddexp(x, x.dtype.type(0))


def clip(x: Array, low: Array | None = None, high: Array | None = None) -> Any:
    x = x if low is None else _alike(np.maximum)(x, low)
    return x if high is None else _alike(np.minimum)(x, high)


def cast(x: Array, *, to: int, saturate: int = 1) -> Any:
    return x.astype(DTYPES[to])  # `saturate` speaks of 8-bit floats only


def where(condition: Array, x: Array, y: Array) -> Any:
    if x.dtype != y.dtype or condition.dtype != np.bool_:
        raise TypeError(f"{condition.dtype}, {x.dtype} and {y.dtype} do not go together")
    return np.where(condition, x, y)


# ── products ───────────────────────────────────────────────────────────────────────────────────────────────────────


def gemm(a: Array, b: Array, c: Array | None = None, *, alpha: float = 1, beta: float = 1, **turned: int) -> Any:
    product = (a.T if turned.get("transA") else a) @ (b.T if turned.get("transB") else b)
    product = product if alpha == 1 else product * a.dtype.type(alpha)
    return product if c is None else product + (c if beta == 1 else c * a.dtype.type(beta))


_EXACT = 256
"""Rows that float32 sums exactly: 256 products of numbers below 256 stay under 2^24. And float32 is what is fast."""


def mat_mul_integer(a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None) -> Any:
    if a.dtype.itemsize > 1 or b.dtype.itemsize > 1 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(f"{a.dtype} {a.shape} and {b.dtype} {b.shape} have no product of 8-bit numbers")
    total: Any = 0
    for k in range(0, max(1, a.shape[-1]), _EXACT):
        left = a[..., k : k + _EXACT].astype(np.float32)
        right = (b[..., k : k + _EXACT, :] if b.ndim > 1 else b[k : k + _EXACT]).astype(np.float32)
        if a_zero is not None:
            left -= a_zero[:, None] if a_zero.ndim == 1 and a_zero.size > 1 else a_zero  # one, or one for each row
        if b_zero is not None:
            right -= b_zero
        total = total + (left @ right).astype(np.int32)
    return total


# ── over an axis ───────────────────────────────────────────────────────────────────────────────────────────────────


def softmax(x: Array, *, axis: int = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Array, *, axis: int = -1) -> Any:
    x = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def step(x: Array, axes: Array | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Any:
        if axes is None or axes.size == 0:
            if noop_with_empty_axes:
                return x
            return function(x, axis=None, keepdims=bool(keepdims))
        return function(x, axis=tuple(axes.tolist()), keepdims=bool(keepdims))

    return step


def _sum(x: Array, **how: Any) -> Any:
    return np.sum(x, dtype=x.dtype, **how)


def _mean(x: Array, **how: Any) -> Any:
    return np.mean(x, **how) if x.dtype.kind == "f" else np.mean(x, dtype=np.float64, **how).astype(x.dtype)


def _max(x: Array, **how: Any) -> Any:
    lowest = {"f": -np.inf, "b": False}.get(x.dtype.kind)
    return np.max(x, initial=np.iinfo(x.dtype).min if lowest is None else lowest, **how)


def layer_normalization(
    x: Array, scale: Array, bias: Array | None = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> tuple[Any, Any, Any]:
    axes = tuple(range(axis % x.ndim, x.ndim))
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    inverse = 1 / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + x.dtype.type(epsilon))
    y = centred * inverse * scale
    return (y if bias is None else y + bias), mean.astype(np.float32), inverse.astype(np.float32)


# ── shapes and places ──────────────────────────────────────────────────────────────────────────────────────────────


def gather(data: Array, indices: Array, *, axis: int = 0) -> Any:
    return np.take(data, indices, axis=axis)


def concat(*arrays: Array, axis: int) -> Any:
    if any(array.dtype != arrays[0].dtype for array in arrays):
        raise TypeError("arrays of different dtypes do not mix")
    return np.concatenate(arrays, axis=axis)


def split(x: Array, sizes: Array | None = None, *, axis: int = 0, num_outputs: int = 0) -> tuple[Any, ...]:
    length = x.shape[axis]
    if sizes is not None:
        ends = np.cumsum(sizes).tolist()
        if (sizes < 0).any() or ends[-1] != length:
            raise ValueError(f"{sizes.tolist()} is not how {length} can be split")
        return tuple(np.split(x, ends[:-1], axis=axis))
    if not 1 <= num_outputs <= max(1, length):
        raise ValueError(f"{length} cannot be split in {num_outputs}")
    each = -(-length // num_outputs)  # the last one is shorter where they cannot be equal
    return tuple(np.split(x, [each * n for n in range(1, num_outputs)], axis=axis))


def slices(data: Array, starts: Array, ends: Array, axes: Array | None = None, steps: Array | None = None) -> Any:
    chosen: list[slice] = [slice(None)] * data.ndim
    which = range(starts.size) if axes is None else axes.tolist()
    by = [1] * starts.size if steps is None else steps.tolist()
    for axis, start, end, step in zip(which, starts.tolist(), ends.tolist(), by, strict=True):
        chosen[axis] = _slice(start, end, step, data.shape[axis])
    return data[tuple(chosen)]


def _slice(start: int, end: int, step: int, length: int) -> slice:
    """ONNX clamps a start to a place that exists, where Python would begin beside the array and find nothing."""
    start, end = (n + length if n < 0 else n for n in (start, end))
    if step > 0:
        return slice(min(max(start, 0), length), min(max(end, 0), length), step)
    start, end = min(max(start, 0), length - 1), min(max(end, -1), length - 1)
    return slice(start, None if end < 0 else end, step) if length else slice(0, 0)


def reshape(data: Array, shape: Array, *, allowzero: int = 0) -> Any:
    sizes = shape.tolist()
    if not allowzero:
        sizes = [data.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return data.reshape(sizes)


def transpose(data: Array, *, perm: tuple[int, ...] | None = None) -> Any:
    return data.transpose(perm)


def unsqueeze(data: Array, axes: Array) -> Any:
    return np.expand_dims(data, tuple(axes.tolist()))


def squeeze(data: Array, axes: Array | None = None) -> Any:
    return np.squeeze(data, None if axes is None or axes.size == 0 else tuple(axes.tolist()))


def expand(data: Array, shape: Array) -> Any:
    return np.broadcast_to(data, np.broadcast_shapes(data.shape, tuple(shape.tolist())))  # a view, whatever its size


def shape_of(data: Array, *, start: int = 0, end: int | None = None) -> Any:
    return np.array(data.shape[start:end], np.int64)


def constant(
    *,
    value: Array | None = None,
    value_float: float | None = None,
    value_floats: tuple[float, ...] | None = None,
    value_int: int | None = None,
    value_ints: tuple[int, ...] | None = None,
) -> Any:
    if value is not None:
        return value
    if value_float is not None or value_floats is not None:
        return np.array(value_floats if value_float is None else value_float, np.float32)
    return np.array(value_ints if value_int is None else value_int, np.int64)


STEPS: Mapping[str, Callable[..., Any]] = {
    "Abs": np.abs,
    "Add": _alike(np.add),
    "Cast": cast,
    "Clip": clip,
    "Concat": concat,
    "Constant": constant,
    "Div": _alike(divide),
    "Equal": _alike(np.equal),
    "Erf": _real(erf),
    "Exp": _real(np.exp),
    "Expand": expand,
    "Gather": gather,
    "Gemm": gemm,
    "Greater": _alike(np.greater),
    "Identity": lambda x: x,
    "LayerNormalization": _real(layer_normalization),
    "Less": _alike(np.less),
    "Log": _real(np.log),
    "LogSoftmax": _real(log_softmax),
    "MatMul": _alike(np.matmul),
    "MatMulInteger": mat_mul_integer,
    "Max": lambda *arrays: reduce(_alike(np.maximum), arrays),
    "Min": lambda *arrays: reduce(_alike(np.minimum), arrays),
    "Mul": _alike(np.multiply),
    "Neg": np.negative,
    "Pow": power,
    "ReduceMax": _reduction(_max),
    "ReduceMean": _reduction(_mean),
    "ReduceSum": _reduction(_sum),
    "Relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "Reshape": reshape,
    "Round": _real(np.rint),
    "Shape": shape_of,
    "Sigmoid": _real(sigmoid),
    "Slice": slices,
    "Softmax": _real(softmax),
    "Softplus": _real(softplus),
    "Split": split,
    "Sqrt": _real(np.sqrt),
    "Squeeze": squeeze,
    "Sub": _alike(np.subtract),
    "Tanh": _real(np.tanh),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Where": where,
}

"""Whisper's encoder and one step of its decoder as OpenVINO graphs, from CTranslate2's weights.

The encoder's graph also gives what the decoder's cross-attention reads, as bfloat16, so that a step reads half the memory
that it would in float32: decoding is bound by memory, not by arithmetic. The decoder's matrices are int8 with a scale a
row, as CTranslate2's are. Its own past is kept by the runtime as state, put in order by `beam_idx` at each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcription.openvino_weights import Weights

#: candidates that a step gives for each row: twice the beam, since half of them may be the end
CANDIDATES = 10
#: pieces of the vocabulary of which the best is found first
_GROUP = 256
_EPSILON = 1e-5
_FORBIDDEN = -1e9


class _Builder:
    """Graph pieces that both halves are made of; `part` is "encoder" or "decoder"."""

    def __init__(self, weights: Weights, part: str, *, int8: bool) -> None:
        import openvino as ov
        from openvino import opset13

        self.ov, self.op = ov, opset13
        self.weights, self.part, self.int8 = weights, part, int8
        self.heads = int(weights[f"{part}/num_heads"])
        self.width = int(weights[f"{part}/layer_norm/gamma"].shape[0])
        self.head_width = self.width // self.heads
        self.layers = sum(name.startswith(f"{part}/layer_") and name.endswith("ffn/linear_0/bias") for name in weights)

    def of(self, name: str) -> NDArray[Any]:
        return self.weights[f"{self.part}/{name}"]

    def numbers(self, values: Sequence[int]) -> Any:
        return self.op.constant(np.array(values, np.int64))

    def constant(self, array: NDArray[Any]) -> Any:
        return self.op.constant(np.ascontiguousarray(array, dtype=np.float32))

    def matrix(self, array: NDArray[Any]) -> Any:
        """A weight matrix, kept small: in int8 with a scale for each row, or in float16."""
        if not self.int8:
            kept = self.op.constant(np.ascontiguousarray(array, dtype=np.float16))
            return self.op.convert(kept, self.ov.Type.f32)
        values = array.astype(np.float32)
        scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-8) / 127.0
        whole = self.op.constant(np.rint(values / scale).astype(np.int8))
        return self.op.multiply(self.op.convert(whole, self.ov.Type.f32), self.constant(scale))

    def norm(self, value: Any, name: str) -> Any:
        normal = self.op.mvn(value, self.numbers([-1]), True, _EPSILON, "INSIDE_SQRT")
        gamma, beta = self.constant(self.of(f"{name}/gamma")), self.constant(self.of(f"{name}/beta"))
        return self.op.add(self.op.multiply(normal, gamma), beta)

    def linear(self, value: Any, name: str, rows: slice = slice(None), scale: float = 1.0) -> Any:
        weight = self.of(f"{name}/weight")[rows].astype(np.float32) * scale
        bias = self.of(f"{name}/bias")[rows].astype(np.float32) * scale
        return self.op.add(self.op.matmul(value, self.matrix(weight), False, True), self.constant(bias))

    def rows(self, part: int) -> slice:
        """Of the joined matrices of query, key and value."""
        return slice(part * self.width, (part + 1) * self.width)

    def by_head(self, value: Any) -> Any:
        """(rows, length, width) -> (rows, heads, length, head width)"""
        parted = self.op.reshape(value, self.numbers([0, 0, self.heads, self.head_width]), True)
        return self.op.transpose(parted, self.numbers([0, 2, 1, 3]))

    def joined(self, value: Any) -> Any:
        turned = self.op.transpose(value, self.numbers([0, 2, 1, 3]))
        return self.op.reshape(turned, self.numbers([0, 0, self.width]), True)

    def feed_forward(self, value: Any, layer: str) -> Any:
        inner = self.linear(self.norm(value, f"{layer}/ffn/layer_norm"), f"{layer}/ffn/linear_0")
        return self.op.add(value, self.linear(self.op.gelu(inner, "ERF"), f"{layer}/ffn/linear_1"))


def encoder(weights: Weights) -> Any:
    """Mel (1, bins, frames) in; out the encoder's (1, frames / 2, width) and each decoder layer's keys and values."""
    b = _Builder(weights, "encoder", int8=True)
    bins = weights["encoder/conv1/weight"].shape[1]
    mel = b.op.parameter([1, bins, -1], b.ov.Type.f32, name="mel")
    value = mel
    for name, stride in (("conv1", 1), ("conv2", 2)):
        kernel = b.constant(b.of(f"{name}/weight"))
        bias = b.constant(b.of(f"{name}/bias").reshape(1, -1, 1))
        value = b.op.gelu(b.op.add(b.op.convolution(value, kernel, [stride], [1], [1], [1]), bias), "ERF")
    value = b.op.transpose(value, b.numbers([0, 2, 1]))
    length = b.op.gather(b.op.shape_of(value), b.numbers([1]), b.numbers([0]))
    positions = b.constant(b.of("position_encodings/encodings"))
    value = b.op.add(value, b.op.slice(positions, b.numbers([0]), length, b.numbers([1]), b.numbers([0])))
    for i in range(b.layers):
        layer = f"layer_{i}"
        normal = b.norm(value, f"{layer}/self_attention/layer_norm")
        joint = f"{layer}/self_attention/linear_0"
        query = b.by_head(b.linear(normal, joint, b.rows(0), b.head_width**-0.5))
        key, heard = (b.by_head(b.linear(normal, joint, b.rows(part))) for part in (1, 2))
        weighed = b.op.softmax(b.op.matmul(query, key, False, True), -1)
        mixed = b.joined(b.op.matmul(weighed, heard, False, False))
        value = b.op.add(value, b.linear(mixed, f"{layer}/self_attention/linear_1"))
        value = b.feed_forward(value, layer)
    value = b.norm(value, "layer_norm")
    outputs = [value.output(0), *_crossings(weights, value)]
    return b.ov.Model(outputs, [mel], "encoder")


def _crossings(weights: Weights, encoded: Any) -> list[Any]:
    """Keys and values of every decoder layer's cross-attention, (1, heads, frames / 2, head width) in bfloat16."""
    b = _Builder(weights, "decoder", int8=True)
    return [
        b.op.convert(
            b.by_head(b.linear(encoded, f"layer_{i}/attention/linear_1", b.rows(part))), b.ov.Type.bf16
        ).output(0)
        for i in range(b.layers)
        for part in (0, 1)
    ]


def decoder(weights: Weights, *, forbidden: Sequence[int], vocabulary: int, heads: Sequence[tuple[int, int]]) -> Any:
    """One step for some rows of equal length; `heads` are the (layer, head) that follow the sound.

    In: `ids` and `positions` (rows, length), `mask` (rows, 1, length, past + length) to be added, `beam_idx` (rows)
    naming the row of the last step that each goes on from, `x0` … keys and values of the cross-attention, and `silent`
    (windows, 1, 1, frames) to be added to what they find. Windows may have different numbers of rows: `laid` (windows,
    places) names the piece of `ids`, counted through, that listens to the window from each place, any where there is
    none, and `back` (rows, length) the place, counted through, of each.
    Out: logarithms of the likeliest next pieces' probabilities (rows, 10), their numbers, and the following heads'
    attention (windows, heads, places, frames) in float16.
    """
    b = _Builder(weights, "decoder", int8=True)
    ids = b.op.parameter([-1, -1], b.ov.Type.i32, name="ids")
    at = b.op.parameter([-1, -1], b.ov.Type.i32, name="positions")
    mask = b.op.parameter([-1, 1, -1, -1], b.ov.Type.f32, name="mask")
    silent = b.op.parameter([-1, 1, 1, -1], b.ov.Type.f32, name="silent")
    beam = b.op.parameter([-1], b.ov.Type.i32, name="beam_idx")
    laid = b.op.parameter([-1, -1], b.ov.Type.i32, name="laid")
    back = b.op.parameter([-1, -1], b.ov.Type.i32, name="back")
    apart, together = b.numbers([0, 0, b.heads, b.head_width]), b.numbers([-1, b.width])
    crossings = [
        b.op.parameter([-1, b.heads, -1, b.head_width], b.ov.Type.bf16, name=f"x{i}") for i in range(2 * b.layers)
    ]
    value = b.op.add(_looked_up(b, "embeddings/weight", ids), _looked_up(b, "position_encodings/encodings", at))
    kept: list[Any] = []
    following: list[Any] = []
    for i in range(b.layers):
        layer = f"layer_{i}"
        value = b.op.add(value, _own_past(b, value, layer, ids, beam, mask, kept))
        normal = b.norm(value, f"{layer}/attention/layer_norm")
        query = b.linear(normal, f"{layer}/attention/linear_0", scale=b.head_width**-0.5)
        query = b.op.gather(b.op.reshape(query, together, False), laid, b.numbers([0]))
        query = b.op.transpose(b.op.reshape(query, apart, True), b.numbers([0, 2, 1, 3]))
        key, heard = (b.op.convert(one, b.ov.Type.f32) for one in crossings[2 * i : 2 * i + 2])
        weighed = b.op.softmax(b.op.add(b.op.matmul(query, key, False, True), silent), -1)
        if mine := [head for of_layer, head in heads if of_layer == i]:
            following.append(b.op.gather(weighed, b.numbers(mine), b.numbers([1])))
        mixed = b.op.transpose(b.op.matmul(weighed, heard, False, False), b.numbers([0, 2, 1, 3]))
        mixed = b.op.gather(b.op.reshape(mixed, together, False), back, b.numbers([0]))
        value = b.op.add(value, b.linear(mixed, f"{layer}/attention/linear_2"))
        value = b.feed_forward(value, layer)
    outputs = [
        *_likeliest(b, value, forbidden, vocabulary),
        b.op.convert(b.op.concat(following, 1), b.ov.Type.f16).output(0),
    ]
    sinks = [one.output(0) for one in kept]
    return b.ov.Model(outputs, sinks, [ids, at, mask, beam, laid, back, silent, *crossings], "decoder")


def _looked_up(b: _Builder, name: str, numbers: Any) -> Any:
    """Rows of a table that stays in float16: converted before the look-up it would take twice the memory."""
    table = b.op.constant(np.ascontiguousarray(b.of(name), dtype=np.float16))
    return b.op.convert(b.op.gather(table, numbers, b.op.constant(np.int64(0))), b.ov.Type.f32)


def _own_past(b: _Builder, value: Any, layer: str, ids: Any, beam: Any, mask: Any, kept: list[Any]) -> Any:
    """Self-attention over what was decoded so far, which the runtime keeps; adds to `kept` what must be assigned."""
    import openvino.op as with_state
    from openvino.op.util import Variable, VariableInfo

    normal = b.norm(value, f"{layer}/self_attention/layer_norm")
    query, *new = (b.by_head(b.linear(normal, f"{layer}/self_attention/linear_0", b.rows(part))) for part in range(3))
    count = b.op.gather(b.op.shape_of(ids), b.numbers([0]), b.numbers([0]))
    empty = b.op.concat([count, b.numbers([b.heads, 0, b.head_width])], 0)
    whole = []
    for name, one in zip(("keys", "values"), new, strict=True):
        info = VariableInfo()
        info.data_shape = b.ov.PartialShape([-1, b.heads, -1, b.head_width])
        info.data_type = b.ov.Type.f32
        info.variable_id = f"{layer}/{name}"
        variable = Variable(info)
        past = with_state.read_value(b.op.broadcast(b.constant(np.zeros(())), empty), variable)
        ordered = b.op.gather(past, beam, b.op.constant(np.int64(0)))
        whole.append(b.op.concat([ordered, one], 2))
        kept.append(with_state.assign(whole[-1], variable))
    mixed = b.joined(b.op.scaled_dot_product_attention(query, *whole, mask))
    return b.linear(mixed, f"{layer}/self_attention/linear_1")


def _likeliest(b: _Builder, value: Any, forbidden: Sequence[int], vocabulary: int) -> tuple[Any, Any]:
    """Logarithms of the likeliest pieces' probabilities and their numbers.

    Those of the best groups alone are put in order: the ten best are in the ten groups whose best is best.
    """
    last = b.norm(b.op.gather(value, b.op.constant(np.int64(-1)), b.op.constant(np.int64(1))), "layer_norm")
    groups = -(-vocabulary // _GROUP)
    barred = np.full(groups * _GROUP, _FORBIDDEN, np.float32)
    barred[:vocabulary] = 0.0
    barred[[one for one in forbidden if one < vocabulary]] = _FORBIDDEN
    pieces = np.pad(b.of("projection/weight")[:vocabulary], ((0, groups * _GROUP - vocabulary), (0, 0)))
    scores = b.op.matmul(last, b.matrix(pieces), False, True)
    scores = b.op.add(scores, b.constant(barred))
    parted = b.op.reshape(scores, b.numbers([0, groups, _GROUP]), True)
    tops = b.op.reduce_max(parted, b.numbers([2]), False)
    top = b.op.reduce_max(tops, b.numbers([1]), True)
    total = b.op.log(b.op.reduce_sum(b.op.exp(b.op.subtract(scores, top)), b.numbers([-1]), True))
    many = b.op.constant(np.int64(CANDIDATES))
    found = b.op.topk(tops, many, -1, "max", "value", "i32").output(1)
    few = b.op.gather(parted, found, b.op.constant(np.int64(1)), 1)
    best = b.op.topk(b.op.reshape(few, b.numbers([0, CANDIDATES * _GROUP]), True), many, -1, "max", "value", "i32")
    size = b.op.constant(np.int32(_GROUP))
    group = b.op.divide(best.output(1), size)
    within = b.op.subtract(best.output(1), b.op.multiply(group, size))
    numbers = b.op.add(b.op.multiply(b.op.gather_elements(found, group, 1), size), within)
    return b.op.subtract(best.output(0), b.op.add(total, top)).output(0), numbers.output(0)

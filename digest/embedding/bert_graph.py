"""A BERT model as an ONNX graph, written from its weights: no torch, and int8 where wanted.

Follows Devlin and others, "BERT" (2018), section 3, with layer norms after each half of a layer,
as the class `BertModel` of the transformers library computes it. The input is what
sentence-transformers exports take: `input_ids` and `attention_mask`, int64, (texts, tokens);
the output is `last_hidden_state`, float32, (texts, tokens, width).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights: TypeAlias = Mapping[str, NDArray[np.float32]]

_OPSET = 20  # the first with Gelu
_IR_VERSION = 9  # of onnx 1.15, which came with that opset
_NEVER = -1e9  # added to what a padding token would be paid: nothing after the softmax
# Seven bits of eight: processors without VNNI add two products of 8 bits in 16, and overflow.
_STEPS_OF_FACTORS, _STEPS = 63, 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What config.json says of a BERT model."""

    layers: int
    heads: int
    width: int
    epsilon: float
    tanh_gelu: bool = False


@dataclass(slots=True)
class _Graph:
    quantize: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"{kind}_{len(self.nodes)}_{n}" for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.op(kind, *inputs, **attributes)[0]

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`x @ weight.T + bias`, the weight as torch keeps it: (out, in)."""
        if not self.quantize:
            product = self.one("MatMul", x, self.constant(weight.T))
            return self.one("Add", product, self.constant(bias))
        steps, scale = quantized(weight, _STEPS_OF_FACTORS)
        x_int, x_scale, x_zero = self.op("DynamicQuantizeLinear", x, outputs=3)
        zero = self.constant(np.zeros((), np.int8))
        product = self.one("MatMulInteger", x_int, self.constant(steps.T), x_zero, zero)
        whole = self.one("Cast", product, to=TensorProto.FLOAT)
        scales = self.one("Mul", x_scale, self.constant(scale))
        return self.one("Add", self.one("Mul", whole, scales), self.constant(bias))

    def rows(self, table: NDArray[np.float32], numbers: str) -> str:
        """The rows of `table` with these numbers."""
        if not self.quantize:
            return self.one("Gather", self.constant(table), numbers)
        steps, scale = quantized(table, _STEPS)
        found = self.one("Gather", self.constant(steps), numbers)
        whole = self.one("Cast", found, to=TensorProto.FLOAT)
        return self.one("Mul", whole, self.one("Gather", self.constant(scale[:, None]), numbers))


def quantized(
    weight: NDArray[np.float32], steps: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Each row as whole numbers from -steps to steps, and what one of them is worth there."""
    scale = np.abs(weight).max(axis=1) / steps
    scale[scale == 0] = 1.0
    return np.rint(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def bert_graph(weights: Weights, shape: Shape, *, quantize: bool) -> onnx.ModelProto:
    """The model; `weights` by the names of `BertModel`, without a prefix.

    Raises KeyError for a weight that is not there.
    """
    graph = _Graph(quantize)
    hidden = _embeddings(graph, weights, shape)
    mask = _mask(graph)
    for number in range(shape.layers):
        layer = _inside(weights, f"encoder.layer.{number}.")
        hidden = _layer(graph, layer, shape, hidden, mask)
    graph.nodes.append(helper.make_node("Identity", [hidden], ["last_hidden_state"]))
    return _model(graph, shape)


def _inside(weights: Weights, prefix: str) -> Weights:
    found = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    if not found:
        raise KeyError(prefix.rstrip("."))
    return found


def _embeddings(graph: _Graph, weights: Weights, shape: Shape) -> str:
    """Word, place and kind of sentence; the last is always the first kind, hence a constant."""
    part = _inside(weights, "embeddings.")
    places = part["position_embeddings.weight"] + part["token_type_embeddings.weight"][0]
    zero = graph.constant(np.array([0], np.int64))
    length = graph.one("Shape", "input_ids", start=1, end=2)
    here = graph.one("Slice", graph.constant(places), zero, length, zero)
    words = graph.rows(part["word_embeddings.weight"], "input_ids")
    summed = graph.one("Add", words, here)
    return _normed(graph, _inside(part, "LayerNorm."), shape, summed)


def _mask(graph: _Graph) -> str:
    mask = graph.one("Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = graph.one("Sub", graph.constant(np.array([1.0], np.float32)), mask)
    penalty = graph.one("Mul", absent, graph.constant(np.array([_NEVER], np.float32)))
    return graph.one("Unsqueeze", penalty, graph.constant(np.array([1, 2], np.int64)))


def _layer(graph: _Graph, layer: Weights, shape: Shape, x: str, mask: str) -> str:
    attended = _attention(graph, _inside(layer, "attention.self."), shape, x, mask)
    mixed = _linear(graph, _inside(layer, "attention.output.dense."), attended)
    norm = _inside(layer, "attention.output.LayerNorm.")
    x = _normed(graph, norm, shape, graph.one("Add", mixed, x))
    wide = _linear(graph, _inside(layer, "intermediate.dense."), x)
    wide = graph.one("Gelu", wide, approximate="tanh" if shape.tanh_gelu else "none")
    narrow = _linear(graph, _inside(layer, "output.dense."), wide)
    return _normed(graph, _inside(layer, "output.LayerNorm."), shape, graph.one("Add", narrow, x))


def _attention(graph: _Graph, part: Weights, shape: Shape, x: str, mask: str) -> str:
    size = shape.width // shape.heads
    names = ("query", "key", "value")
    scale = np.float32(size**-0.5)  # in the queries: one product less for each text
    weight = np.concatenate([part[f"{n}.weight"] * (scale if n == "query" else 1) for n in names])
    bias = np.concatenate([part[f"{n}.bias"] * (scale if n == "query" else 1) for n in names])
    joined = graph.linear(x, weight.astype(np.float32), bias.astype(np.float32))
    apart = graph.constant(np.array([0, 0, shape.heads, size], np.int64))
    query, key, value = (
        graph.one("Reshape", one, apart)
        for one in graph.op("Split", joined, outputs=3, axis=2, num_outputs=3)
    )
    query = graph.one("Transpose", query, perm=[0, 2, 1, 3])
    key = graph.one("Transpose", key, perm=[0, 2, 3, 1])
    value = graph.one("Transpose", value, perm=[0, 2, 1, 3])
    scores = graph.one("Add", graph.one("MatMul", query, key), mask)
    seen = graph.one("MatMul", graph.one("Softmax", scores, axis=-1), value)
    together = graph.constant(np.array([0, 0, shape.width], np.int64))
    return graph.one("Reshape", graph.one("Transpose", seen, perm=[0, 2, 1, 3]), together)


def _linear(graph: _Graph, part: Weights, x: str) -> str:
    return graph.linear(x, part["weight"], part["bias"])


def _normed(graph: _Graph, part: Weights, shape: Shape, x: str) -> str:
    weight, bias = graph.constant(part["weight"]), graph.constant(part["bias"])
    return graph.one("LayerNormalization", x, weight, bias, axis=-1, epsilon=shape.epsilon)


def _model(graph: _Graph, shape: Shape) -> onnx.ModelProto:
    tokens = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    hidden = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", shape.width]
    )
    drawn = helper.make_graph(graph.nodes, "bert", tokens, [hidden], list(graph.constants.values()))
    model = helper.make_model(
        drawn,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="digest",
    )
    onnx.checker.check_model(model)
    return model

"""Weights from a safetensors file, without torch.

The format (huggingface/safetensors, README "Format"): 8 bytes with the length of a header, in
little-endian order; the header, JSON, with type, shape and place of each tensor; the numbers.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from digest.core.errors import InvalidInput

_MOST_HEADER_BYTES = 100_000_000  # the format's own limit
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of fractions by its name; those of whole numbers are left out.

    Raises InvalidInput when the file is not what it should be.
    """
    with path.open("rb") as file:
        try:
            return dict(_tensors(file, path.stat().st_size))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InvalidInput(f"{path} is no safetensors file, or is damaged") from None


def _tensors(file: BinaryIO, size_bytes: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    length = int.from_bytes(file.read(8), "little")
    if length > min(size_bytes, _MOST_HEADER_BYTES):
        raise ValueError("a header longer than the file")
    header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    for name, entry in header.items():
        kind = entry["dtype"]
        if kind not in _TYPES:
            continue
        start, end = entry["data_offsets"]
        count = math.prod(entry["shape"])
        if (
            not 0 <= start <= end <= size_bytes
            or count * np.dtype(_TYPES[kind]).itemsize != end - start
        ):
            raise ValueError("a tensor of another size than its shape")
        file.seek(8 + length + start)
        numbers = np.frombuffer(file.read(end - start), _TYPES[kind])
        if kind == "BF16":  # the upper half of a float32
            numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
        yield name, numbers.astype(np.float32).reshape(entry["shape"])

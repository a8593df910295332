# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the digits example and writes digits.onnx, heldout.json and calibration-samples.json beside this file.

A perceptron 64-32-10 on the UCI handwritten digits that ship inside scikit-learn (1,797 images of 8 x 8 pixels, each
0..16). 360 images are held out before anything else happens; calibration samples come from the rest.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = Path(__file__).parent
SEED = 2026
HELD_OUT = 360
CALIBRATION = 256
PIXEL_MAX = 16


def export(model: MLPClassifier) -> onnx.ModelProto:
    """Gemm, Relu, Gemm, Softmax on raw pixels: the scaling by 1/16 goes into the first layer's weights."""
    (w1, w2), (b1, b2) = model.coefs_, model.intercepts_
    constants = {"fc1.weight": w1.T / PIXEL_MAX, "fc1.bias": b1, "fc2.weight": w2.T, "fc2.bias": b2}
    graph = helper.make_graph(
        nodes=[
            helper.make_node("Gemm", ["pixels", "fc1.weight", "fc1.bias"], ["fc1"], name="fc1", transB=1),
            helper.make_node("Relu", ["fc1"], ["hidden"], name="relu"),
            helper.make_node("Gemm", ["hidden", "fc2.weight", "fc2.bias"], ["scores"], name="fc2", transB=1),
            helper.make_node("Softmax", ["scores"], ["probabilities"], name="softmax", axis=-1),
        ],
        name="digits",
        inputs=[helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 64])],
        outputs=[helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        initializer=[numpy_helper.from_array(v.astype(np.float32), name) for name, v in constants.items()],
    )
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="verigrad-digits")
    result.ir_version = 8
    onnx.checker.check_model(result)
    return result


def write_samples(path: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    """The sample format of docs/spec/calibration.md: the model's inputs, each a list of rows, and labels."""
    rows = ",\n  ".join(json.dumps([int(p) for p in row], separators=(",", ":")) for row in pixels)
    path.write_text(f'{{"input_data": [[\n  {rows}\n]],\n"labels": {json.dumps(labels.tolist())}}}\n')


def main() -> None:
    digits = load_digits()
    x_train, x_held, y_train, y_held = train_test_split(
        digits.data, digits.target, test_size=HELD_OUT, random_state=SEED, stratify=digits.target
    )
    model = MLPClassifier((32,), alpha=0.01, max_iter=400, random_state=SEED)
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(x_train / PIXEL_MAX, y_train)
    print(f"top-1 on the {HELD_OUT} held-out samples: {model.score(x_held / PIXEL_MAX, y_held):.4f}")

    (HERE / "digits.onnx").write_bytes(export(model).SerializeToString(deterministic=True))
    write_samples(HERE / "heldout.json", x_held, y_held)
    chosen = np.random.default_rng(SEED).choice(len(x_train), CALIBRATION, replace=False)
    write_samples(HERE / "calibration-samples.json", x_train[chosen], y_train[chosen])


if __name__ == "__main__":
    main()

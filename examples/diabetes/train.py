# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the diabetes example and writes diabetes.onnx, heldout.json, input.json (the first of the
held out) and calibration-samples.json beside this file.

A perceptron 10-16-1 on the diabetes data that ship inside scikit-learn: 442 patients, ten measurements in their own
units (years, kg/m2, mm Hg, mg/dl ..), and the progression of the disease a year later, 25 to 346. 110 patients are held
out before anything else happens; calibration samples come from the rest.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEED = 2026
HELD_OUT = 110
CALIBRATION = 256
HIDDEN = 16


def export(model: MLPRegressor, inputs: StandardScaler, target: StandardScaler) -> onnx.ModelProto:
    """Gemm, Relu, Gemm on raw measurements: both standardizations go into the weights."""
    (w1, w2), (b1, b2) = model.coefs_, model.intercepts_
    first = w1.T / inputs.scale_
    constants = {
        "fc1.weight": first,
        "fc1.bias": b1 - first @ inputs.mean_,
        "fc2.weight": w2.T * target.scale_,
        "fc2.bias": b2 * target.scale_ + target.mean_,
    }
    graph = helper.make_graph(
        nodes=[
            helper.make_node("Gemm", ["measurements", "fc1.weight", "fc1.bias"], ["fc1"], name="fc1", transB=1),
            helper.make_node("Relu", ["fc1"], ["hidden"], name="relu"),
            helper.make_node("Gemm", ["hidden", "fc2.weight", "fc2.bias"], ["progression"], name="fc2", transB=1),
        ],
        name="diabetes",
        inputs=[helper.make_tensor_value_info("measurements", TensorProto.FLOAT, ["batch", 10])],
        outputs=[helper.make_tensor_value_info("progression", TensorProto.FLOAT, ["batch", 1])],
        initializer=[numpy_helper.from_array(v.astype(np.float32), name) for name, v in constants.items()],
    )
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="verigrad-diabetes")
    result.ir_version = 8
    onnx.checker.check_model(result)
    return result


def write_samples(path: Path, measurements: np.ndarray, progression: np.ndarray) -> None:
    """The sample format of docs/spec/calibration.md; its labels are the measured progression, whole numbers."""
    rows = ",\n  ".join(json.dumps(row.tolist(), separators=(",", ":")) for row in measurements)
    labels = json.dumps([int(value) for value in progression])
    path.write_text(f'{{"input_data": [[\n  {rows}\n]],\n"labels": {labels}}}\n')


def main() -> None:
    diabetes = load_diabetes(scaled=False)
    x_train, x_held, y_train, y_held = train_test_split(
        diabetes.data, diabetes.target, test_size=HELD_OUT, random_state=SEED
    )
    inputs = StandardScaler().fit(x_train)
    target = StandardScaler().fit(y_train[:, None])
    standardized = target.transform(y_train[:, None])[:, 0]
    model = MLPRegressor(hidden_layer_sizes=(HIDDEN,), alpha=30, solver="lbfgs", max_iter=2000, random_state=SEED)
    model.fit(inputs.transform(x_train), standardized)
    predicted = target.inverse_transform(model.predict(inputs.transform(x_held))[:, None])[:, 0]
    residual = np.sum((predicted - y_held) ** 2) / np.sum((y_held - y_held.mean()) ** 2)
    print(f"R2 on the {HELD_OUT} held-out samples: {1 - residual:.4f}")

    (HERE / "diabetes.onnx").write_bytes(export(model, inputs, target).SerializeToString(deterministic=True))
    write_samples(HERE / "heldout.json", x_held, y_held)
    write_samples(HERE / "input.json", x_held[:1], y_held[:1])
    chosen = np.random.default_rng(SEED).choice(len(x_train), CALIBRATION, replace=False)
    write_samples(HERE / "calibration-samples.json", x_train[chosen], y_train[chosen])


if __name__ == "__main__":
    main()

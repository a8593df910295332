# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the tumour example and writes tumour.onnx, heldout.json, input.json (the first of the
held out) and calibration-samples.json beside this file.

Gradient boosted trees on the Wisconsin breast cancer data that ship inside scikit-learn: 569 tumours, thirty
measurements of cell nuclei, 0 malignant and 1 benign. 142 tumours are held out before anything else happens;
calibration samples come from the rest.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent
SEED = 2026
HELD_OUT = 142
CALIBRATION = 256
TREES = 16
DEPTH = 2
LARGEST = 65535


def whole_numbers(measurements: np.ndarray) -> np.ndarray:
    """Each measurement in the smallest decimal part of its unit in which the largest still has 16 bits.

    Trees compare one measurement with one number at a time: on whole numbers the integer graph decides exactly as the
    float model does.
    """
    decimals = np.floor(np.log10(LARGEST / measurements.max(axis=0)))
    return np.rint(measurements * 10**decimals)


def export(model: GradientBoostingClassifier) -> onnx.ModelProto:
    """TreeEnsembleClassifier with the log-odds as scores: their sign is the class, and a contract needs no sigmoid."""
    result = to_onnx(
        model,
        initial_types=[("measurements", FloatTensorType([None, model.n_features_in_]))],
        options={"zipmap": False, "raw_scores": True},
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    label, scores = result.graph.output
    outputs = [scores, label]  # scores first: accuracy is read from the first output
    del result.graph.output[:]
    result.graph.output.extend(outputs)
    for value in (*result.graph.input, *outputs):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    opsets = sorted(result.opset_import, key=lambda opset: opset.domain)  # the converter's order is not always the same
    del result.opset_import[:]
    result.opset_import.extend(opsets)
    result.graph.name = "tumour"
    result.producer_name = "verigrad-tumour"
    onnx.checker.check_model(result)
    return result


def write_samples(path: Path, measurements: np.ndarray, classes: np.ndarray) -> None:
    """The sample format of docs/spec/calibration.md: the model's inputs, each a list of rows, and labels."""
    rows = ",\n  ".join(json.dumps([int(v) for v in row], separators=(",", ":")) for row in measurements)
    path.write_text(f'{{"input_data": [[\n  {rows}\n]],\n"labels": {json.dumps(classes.tolist())}}}\n')


def main() -> None:
    tumours = load_breast_cancer()
    x_train, x_held, y_train, y_held = train_test_split(
        whole_numbers(tumours.data), tumours.target, test_size=HELD_OUT, random_state=SEED, stratify=tumours.target
    )
    model = GradientBoostingClassifier(
        n_estimators=TREES, max_depth=DEPTH, learning_rate=0.3, subsample=0.7, random_state=SEED
    )
    model.fit(x_train, y_train)
    print(f"top-1 on the {HELD_OUT} held-out samples: {model.score(x_held, y_held):.4f}")

    (HERE / "tumour.onnx").write_bytes(export(model).SerializeToString(deterministic=True))
    write_samples(HERE / "heldout.json", x_held, y_held)
    write_samples(HERE / "input.json", x_held[:1], y_held[:1])
    chosen = np.random.default_rng(SEED).choice(len(x_train), CALIBRATION, replace=False)
    write_samples(HERE / "calibration-samples.json", x_train[chosen], y_train[chosen])


if __name__ == "__main__":
    main()

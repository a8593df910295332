# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the digits-cnn example and writes digits-cnn.onnx, heldout.json, input.json (the first of the
held out) and calibration-samples.json beside this file.

A convolutional network after LeNet-5 on the UCI handwritten digits that ship inside scikit-learn (1,797 images of 8 x 8
pixels, each 0..16), trained with numpy alone on images that are moved by a pixel now and then: Adam with decoupled
weight decay, the rate falling along a cosine. 360 images are held out before anything else happens; calibration samples
come from the rest.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent
SEED = 2026
HELD_OUT = 360
CALIBRATION = 256
PIXEL_MAX = 16

CHANNELS = (5, 16)
KERNEL = 3
EPOCHS = 80
BATCH = 32
RATE = 0.01
WEIGHT_DECAY = 0.05
BETAS = (0.9, 0.999)
SHIFTED = 0.3  # share of images moved by a pixel, along each axis

Parameters = dict[str, np.ndarray]


def patches(x: np.ndarray) -> np.ndarray:
    """[n, c, h, w] -> what each position of a KERNEL x KERNEL convolution reads: [n, h', w', c * KERNEL^2]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (KERNEL, KERNEL), (2, 3)).transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(*windows.shape[:3], -1)


def scatter(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The transpose of `patches`: adds each window's gradient to the values that it read."""
    windows = gradient.reshape(*gradient.shape[:3], shape[1], KERNEL, KERNEL)
    result = np.zeros(shape)
    height, width = windows.shape[1:3]
    for i in range(KERNEL):
        for j in range(KERNEL):
            result[:, :, i : i + height, j : j + width] += windows[..., i, j].transpose(0, 3, 1, 2)
    return result


def forward(p: Parameters, x: np.ndarray) -> dict[str, np.ndarray]:
    """x: [n, 1, 8, 8], 0..1. Scores under "scores" [n, 10], and what the backward pass needs."""
    n = len(x)
    in1 = patches(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))))  # [n, 8, 8, 9]
    conv1 = (in1 @ p["conv1.weight"].T + p["conv1.bias"]).transpose(0, 3, 1, 2)
    blocks = conv1.reshape(n, -1, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, -1, 4, 4, 4)
    pooled = blocks.max(axis=4)
    winners = (blocks == pooled[..., None]) & (pooled > 0)[..., None]
    hidden1 = np.maximum(pooled, 0)  # [n, 5, 4, 4]
    in2 = patches(hidden1)  # [n, 2, 2, 45]
    conv2 = (in2 @ p["conv2.weight"].T + p["conv2.bias"]).transpose(0, 3, 1, 2)
    hidden2 = np.maximum(conv2, 0).reshape(n, -1)  # [n, 64]
    scores = hidden2 @ p["fc.weight"].T + p["fc.bias"]
    return {"in1": in1, "winners": winners, "hidden1": hidden1, "in2": in2, "hidden2": hidden2, "scores": scores}


def gradients(p: Parameters, x: np.ndarray, labels: np.ndarray) -> Parameters:
    """Of the mean cross-entropy."""
    n = len(x)
    values = forward(p, x)
    odds = np.exp(values["scores"] - values["scores"].max(axis=1, keepdims=True))
    g = odds / odds.sum(axis=1, keepdims=True)
    g[np.arange(n), labels] -= 1
    g /= n
    result = {"fc.weight": g.T @ values["hidden2"], "fc.bias": g.sum(axis=0)}
    g = ((g @ p["fc.weight"]) * (values["hidden2"] > 0)).reshape(n, -1, 2, 2).transpose(0, 2, 3, 1)
    over_positions = ((0, 1, 2), (0, 1, 2))
    result["conv2.weight"] = np.tensordot(g, values["in2"], over_positions)
    result["conv2.bias"] = g.sum(axis=(0, 1, 2))
    g = scatter(g @ p["conv2.weight"], values["hidden1"].shape)[..., None] * values["winners"]
    g = g.reshape(n, -1, 4, 4, 2, 2).transpose(0, 2, 4, 3, 5, 1).reshape(n, 8, 8, -1)
    result["conv1.weight"] = np.tensordot(g, values["in1"], over_positions)
    result["conv1.bias"] = g.sum(axis=(0, 1, 2))
    return result


def shifted(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Some of the images, moved by a pixel up or down, left or right; what leaves at one side enters at the other."""
    for axis in (2, 3):
        draw = random.random(len(x))[:, None, None, None]
        x = np.where(draw < SHIFTED / 2, np.roll(x, 1, axis), x)
        x = np.where(draw > 1 - SHIFTED / 2, np.roll(x, -1, axis), x)
    return x


def train(x: np.ndarray, labels: np.ndarray) -> Parameters:
    random = np.random.default_rng(SEED)
    taps = KERNEL * KERNEL
    first, second = CHANNELS
    sizes = {"conv1": (first, taps, 2), "conv2": (second, first * taps, 2), "fc": (10, 4 * second, 1)}
    p: Parameters = {}
    for name, (outs, ins, gain) in sizes.items():
        p[f"{name}.weight"] = random.normal(0, np.sqrt(gain / ins), (outs, ins))
        p[f"{name}.bias"] = np.zeros(outs)
    mean = {name: np.zeros_like(value) for name, value in p.items()}
    square = {name: np.zeros_like(value) for name, value in p.items()}
    steps = EPOCHS * (len(x) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            step += 1
            rate = RATE * (1 + np.cos(np.pi * step / steps)) / 2
            for name, g in gradients(p, shifted(x[chosen], random), labels[chosen]).items():
                mean[name] += (1 - BETAS[0]) * (g - mean[name])
                square[name] += (1 - BETAS[1]) * (g**2 - square[name])
                scale = np.sqrt(square[name] / (1 - BETAS[1] ** step)) + 1e-8
                decay = WEIGHT_DECAY * p[name] if name.endswith("weight") else 0
                p[name] -= rate * (mean[name] / (1 - BETAS[0] ** step) / scale + decay)
    return p


def export(p: Parameters) -> onnx.ModelProto:
    """Conv, MaxPool, Relu, Conv, Relu, Gemm, Softmax on raw pixels: the scaling by 1/16 goes into the first kernel.

    The maximum comes before the Relu: the result is the same, and three of four roundings are saved.
    """
    first, second = CHANNELS
    constants = {
        "conv1.weight": p["conv1.weight"].reshape(first, 1, KERNEL, KERNEL) / PIXEL_MAX,
        "conv1.bias": p["conv1.bias"],
        "conv2.weight": p["conv2.weight"].reshape(second, first, KERNEL, KERNEL),
        "conv2.bias": p["conv2.bias"],
        "fc.weight": p["fc.weight"],
        "fc.bias": p["fc.bias"],
    }
    kernel = {"kernel_shape": [KERNEL, KERNEL]}
    padded = {**kernel, "pads": [1, 1, 1, 1]}
    graph = helper.make_graph(
        nodes=[
            helper.make_node("Conv", ["pixels", "conv1.weight", "conv1.bias"], ["conv1"], name="conv1", **padded),
            helper.make_node("MaxPool", ["conv1"], ["pool1"], name="pool1", kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Relu", ["pool1"], ["hidden1"], name="relu1"),
            helper.make_node("Conv", ["hidden1", "conv2.weight", "conv2.bias"], ["conv2"], name="conv2", **kernel),
            helper.make_node("Relu", ["conv2"], ["hidden2"], name="relu2"),
            helper.make_node("Flatten", ["hidden2"], ["features"], name="flatten"),
            helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], ["scores"], name="fc", transB=1),
            helper.make_node("Softmax", ["scores"], ["probabilities"], name="softmax", axis=-1),
        ],
        name="digits-cnn",
        inputs=[helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        outputs=[helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        initializer=[numpy_helper.from_array(v.astype(np.float32), name) for name, v in constants.items()],
    )
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="verigrad-digits-cnn")
    result.ir_version = 8
    onnx.checker.check_model(result)
    return result


def write_samples(path: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    """The sample format of docs/spec/calibration.md: the model's inputs, each a list of rows, and labels."""
    rows = ",\n  ".join(json.dumps([int(p) for p in row], separators=(",", ":")) for row in pixels)
    path.write_text(f'{{"input_data": [[\n  {rows}\n]],\n"labels": {json.dumps(labels.tolist())}}}\n')


def images(rows: np.ndarray) -> np.ndarray:
    """Rows of 64 pixels, 0..16 -> [n, 1, 8, 8], 0..1."""
    return rows.reshape(-1, 1, 8, 8) / PIXEL_MAX


def main() -> None:
    digits = load_digits()
    x_train, x_held, y_train, y_held = train_test_split(
        digits.data, digits.target, test_size=HELD_OUT, random_state=SEED, stratify=digits.target
    )
    parameters = train(images(x_train), y_train)
    top1 = np.mean(forward(parameters, images(x_held))["scores"].argmax(axis=1) == y_held)
    print(f"top-1 on the {HELD_OUT} held-out samples: {top1:.4f}")

    (HERE / "digits-cnn.onnx").write_bytes(export(parameters).SerializeToString(deterministic=True))
    write_samples(HERE / "heldout.json", x_held, y_held)
    write_samples(HERE / "input.json", x_held[:1], y_held[:1])
    chosen = np.random.default_rng(SEED).choice(len(x_train), CALIBRATION, replace=False)
    write_samples(HERE / "calibration-samples.json", x_train[chosen], y_train[chosen])


if __name__ == "__main__":
    main()

// SPDX-License-Identifier: GPL-3.0-or-later
// Attributes of LSTM, GRU and RNN: directions and activations.
import { add, scalar, scaled } from "./expressions.ts";
import { float, refuse, type Expansion, type NodeView } from "./types.ts";

/** A function of a cell, applied to a value by name. */
export type Activation = (expansion: Expansion, x: string) => string;

/** An activation by name: parameters with their defaults, then what it is made of. */
interface Definition {
  readonly alpha?: number;
  readonly beta?: number;
  readonly apply: (expansion: Expansion, x: string, alpha: number, beta: number) => string;
}

const plain = (operator: string): Definition => ({ apply: (expansion, x) => expansion.node(operator, [x]) });

const withAlpha = (operator: string, fallback: number): Definition => ({
  alpha: fallback,
  apply: (expansion, x, alpha) => expansion.node(operator, [x], { alpha: float(alpha) }),
});

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  Affine: {
    alpha: 1,
    beta: 0,
    apply: (expansion, x, alpha, beta) => add(expansion, scaled(expansion, x, alpha), scalar(expansion, beta)),
  },
  Elu: withAlpha("Elu", 1),
  HardSigmoid: {
    alpha: 0.2,
    beta: 0.5,
    apply: (expansion, x, alpha, beta) =>
      expansion.node("HardSigmoid", [x], { alpha: float(alpha), beta: float(beta) }),
  },
  LeakyRelu: withAlpha("LeakyRelu", 0.01),
  Relu: plain("Relu"),
  ScaledTanh: {
    alpha: 1,
    beta: 1,
    apply: (expansion, x, alpha, beta) =>
      scaled(expansion, expansion.node("Tanh", [scaled(expansion, x, beta)]), alpha),
  },
  Sigmoid: plain("Sigmoid"),
  Softplus: plain("Softplus"),
  Softsign: plain("Softsign"),
  Tanh: plain("Tanh"),
  ThresholdedRelu: withAlpha("ThresholdedRelu", 1),
};

/** Whether each direction of the attribute runs backwards through time. */
export function directionsOf(view: NodeView): readonly boolean[] {
  const attribute = view.attribute("direction");
  const direction =
    attribute === undefined ? "forward" : attribute.kind === "string" ? attribute.value : attribute.kind;
  const reversed = { forward: [false], reverse: [true], bidirectional: [false, true] };
  if (!Object.hasOwn(reversed, direction))
    return refuse(`attribute direction = ${direction}; accepted: ${Object.keys(reversed).join(", ")}`);
  return reversed[direction as keyof typeof reversed];
}

function parametersOf(view: NodeView, name: string): readonly number[] {
  const attribute = view.attribute(name);
  if (attribute === undefined) return [];
  return attribute.kind === "floats"
    ? attribute.value
    : refuse(`attribute ${name} is of kind ${attribute.kind}; accepted: floats`);
}

/** The activations of each direction; `defaults` are those of one. Parameters go in order to the activations that take them. */
export function activationsOf(
  view: NodeView,
  directions: number,
  defaults: readonly string[],
): readonly Activation[][] {
  const attribute = view.attribute("activations");
  const given = attribute === undefined ? [] : attribute.kind === "strings" ? attribute.value : [attribute.kind];
  const names = given.length > 0 ? given : Array.from({ length: directions }, () => defaults).flat();
  if (names.length !== directions * defaults.length)
    refuse(`attribute activations = [${names}]; accepted: ${directions * defaults.length} names`);
  const alphas = parametersOf(view, "activation_alpha").values();
  const betas = parametersOf(view, "activation_beta").values();
  const next = (fallback: number | undefined, values: Iterator<number, undefined>): number =>
    fallback === undefined ? 0 : (values.next().value ?? fallback);
  const all = names.map((name): Activation => {
    const definition = Object.hasOwn(DEFINITIONS, name) ? DEFINITIONS[name] : undefined;
    if (definition === undefined)
      return refuse(`attribute activations: ${name}; accepted: ${Object.keys(DEFINITIONS).join(", ")}`);
    const alpha = next(definition.alpha, alphas);
    const beta = next(definition.beta, betas);
    return (expansion, x) => definition.apply(expansion, x, alpha, beta);
  });
  return Array.from({ length: directions }, (_, d) => all.slice(d * defaults.length, (d + 1) * defaults.length));
}

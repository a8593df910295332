// SPDX-License-Identifier: GPL-3.0-or-later
// Rounds of sumcheck, and the two claims that they end in (docs/spec/tensorcheck.md, section 3).
import { eq, eqIndex, inverse, mod, powers, product, SCALAR_FIELD } from "./field.ts";
import type { Key } from "./key.ts";
import { CONSTANT_ONE, type Block, type Fraction, type ValueIndex } from "./key-blocks.ts";
import type { ColumnClaim } from "./key-entities.ts";
import { valuesAt, type Drawn } from "./point.ts";
import type { Message } from "./seal.ts";
import type { Challenger } from "./transcript.ts";

/** The claim that the rounds leave, and the point, by coordinate t. */
export interface Reduced {
  readonly claim: bigint;
  readonly point: readonly bigint[];
}

/**
 * Reduces a sum over a cube to one value. A round sends c_0, c_2, …, c_D of its polynomial Σ c_i X^i, whose values at 0 and 1
 * add up to the claim: c_1 = claim − 2 c_0 − c_2 − … − c_D. The most significant variable is bound first.
 */
export function reduceSum(transcript: Challenger, claim: bigint, rounds: readonly Message<bigint>[]): Reduced {
  const point: bigint[] = [];
  for (const { bytes, values } of rounds) {
    transcript.absorb(bytes);
    const x = transcript.challenge();
    const [c0, ...higher] = values as [bigint, ...bigint[]];
    const c1 = claim - 2n * c0 - higher.reduce((sum, c) => sum + c, 0n);
    claim = mod([c0, c1, ...higher].reduceRight((sum, c) => (sum * x + c) % SCALAR_FIELD, 0n));
    point.unshift(x);
  }
  return { claim, point };
}

/** Challenges of sumcheck A and the values of a key's program. */
export interface Evaluated {
  readonly drawn: Drawn;
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly gamma: bigint;
  /** claims, publics, structured */
  readonly values: readonly bigint[];
}

/** Σ_blocks 2^{−(K−k)} f(r_{k−1..0}). */
export function evaluateBlocks({ blocks, K }: Pick<Key, "blocks" | "K">, evaluated: Evaluated): bigint {
  const halves = powers(inverse(2n) as bigint, K + 1);
  const equations = blocks.flatMap(({ terms, lookups }) => [...terms, ...lookups]).map(({ equation }) => equation);
  const weights = powers(evaluated.alpha, equations.reduce((most, equation) => Math.max(most, equation), 0) + 1);
  const sum = blocks.reduce(
    (total, block) => total + (halves[K - block.variables] as bigint) * evaluateBlock(block, weights, evaluated),
    0n,
  );
  return mod(sum);
}

/** f = E · [Σ_terms α^c · coefficient · Π factors + Σ_lookups α^c · (h · Π_j φ_j − Σ_j ± num_j · Π_{i≠j} φ_i)] + Σ_lookups h */
function evaluateBlock(block: Block, weights: readonly bigint[], { drawn, beta, gamma, values }: Evaluated): bigint {
  const value = (index: ValueIndex): bigint => (index === CONSTANT_ONE ? 1n : (values[index] as bigint));
  const betas = powers(beta, 4);
  const denominator = ({ linear }: Fraction): bigint =>
    linear.reduce(
      (phi, term) =>
        mod(phi - product([betas[term.power] as bigint, term.coefficient, value(term.value), value(term.mask)])),
      gamma,
    );
  let inner = 0n;
  let fractions = 0n;
  for (const { equation, coefficient, factors } of block.terms) {
    inner += (weights[equation] as bigint) * product([coefficient, ...factors.map(value)]);
  }
  for (const lookup of block.lookups) {
    const phi = lookup.fractions.map(denominator);
    const numerators = lookup.fractions.map(({ numerator, negative }, j) => {
      const others = product([value(numerator), ...phi.filter((_, i) => i !== j)]);
      return negative ? -others : others;
    });
    const help = value(lookup.help);
    inner += (weights[lookup.equation] as bigint) * numerators.reduce((left, n) => left - n, help * product(phi));
    fractions += help;
  }
  const { r, rho } = drawn;
  const equal = block.eq ? eq(r.slice(0, block.variables), rho.slice(0, block.variables)) : 1n;
  return mod(equal * mod(inner) + fractions);
}

/** Σ_e E_e(s) · P_e(s), E_e(s) = Σ_{claims i of e} δ^i · eq((block ‖ coordinates), s). */
export function evaluateEntities(
  { entities, claims, n }: Pick<Key, "entities" | "claims" | "n">,
  drawn: Drawn,
  s: readonly bigint[],
  delta: bigint,
  evaluations: readonly bigint[],
): bigint {
  const weights = powers(delta, claims);
  // eq(r_{bits−1..0}, s_{bits−1..0}), which most claims share
  const atR = drawn.r.slice(0, n).reduce(
    (list, x, t) => {
      return [...list, mod((list[t] as bigint) * eq([x], [s[t] as bigint]))];
    },
    [1n],
  );
  const weight = ({ bits, block, coordinates }: ColumnClaim): bigint => {
    const upper = eqIndex(block, s.slice(bits).reverse());
    if (coordinates === undefined) return upper * (atR[bits] as bigint);
    return upper * eq(valuesAt(drawn, coordinates).reverse(), s.slice(0, bits));
  };
  let next = 0;
  const sum = entities.reduce((total, entity, e) => {
    const own = entity.claims.reduce((left, claim) => left + (weights[next++] as bigint) * mod(weight(claim)), 0n);
    return total + mod(own) * (evaluations[e] as bigint);
  }, 0n);
  return mod(sum);
}

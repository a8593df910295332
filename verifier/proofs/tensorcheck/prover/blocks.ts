// SPDX-License-Identifier: GPL-3.0-or-later
// What a block is (docs/spec/tensorcheck.md, section 2).
import { CONSTANT, type NumberedBlock, type NumberedFraction } from "../numbered.ts";
import { mod, power } from "./field.ts";

/** Every value that a block names, helps left out, once. */
export function valuesOf({ terms, lookups }: NumberedBlock): number[] {
  const named = [
    ...terms.flatMap(({ factors }) => factors),
    ...lookups.flatMap(({ fractions }) =>
      fractions.flatMap(({ numerator, linear }) => [numerator, ...linear.flatMap(({ value, mask }) => [value, mask])]),
    ),
  ];
  return [...new Set(named)].filter((value) => value !== CONSTANT);
}

/** φ from value · mask of each linear term. */
export function phiOf({ linear }: NumberedFraction, products: readonly bigint[], beta: bigint, gamma: bigint): bigint {
  return linear.reduce(
    (phi, term, i) => mod(phi - power(beta, BigInt(term.power)) * term.coefficient * (products[i] as bigint)),
    gamma,
  );
}

/** f of section 2, from its values and E. */
export function blockValue(
  { terms, lookups }: NumberedBlock,
  read: (value: number) => bigint,
  equal: bigint,
  { alphas, beta, gamma }: { alphas: readonly bigint[]; beta: bigint; gamma: bigint },
): bigint {
  let inside = 0n;
  for (const { equation, coefficient, factors } of terms) {
    const product = factors.reduce((value, factor) => mod(value * read(factor)), coefficient);
    inside += (alphas[equation] as bigint) * product;
  }
  let helps = 0n;
  for (const { equation, help, fractions } of lookups) {
    const phis = fractions.map((fraction) =>
      phiOf(
        fraction,
        fraction.linear.map(({ value, mask }) => read(value) * read(mask)),
        beta,
        gamma,
      ),
    );
    const productWithout = (skipped: number): bigint =>
      phis.reduce((product, phi, i) => (i === skipped ? product : mod(product * phi)), 1n);
    const numerators = fractions.reduce((sum, { numerator, negative }, j) => {
      const part = read(numerator) * productWithout(j);
      return negative ? sum - part : sum + part;
    }, 0n);
    inside += (alphas[equation] as bigint) * (read(help) * productWithout(-1) - numerators);
    helps += read(help);
  }
  return mod(equal * mod(inside) + helps);
}

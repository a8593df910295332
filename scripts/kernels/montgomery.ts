// SPDX-License-Identifier: GPL-3.0-or-later
// Writes kernels/bn254/field.ts: Montgomery arithmetic of both of BN254's fields, unrolled, as AssemblyScript.
//
// In memory an element is four 64-bit words, little-endian, below p: x·R mod p with R = 2^255. To multiply, operands are taken
// apart into nine limbs of 29 bits: 18 products of two limbs fit a 64-bit word, so that columns are summed without a carry
// (CIOS over 32-bit limbs takes 1.3 times as long). Nine limbs divide by 2^261, so that factors are multiplied by 2^6 on the
// way in: R = 2^255 is that of five limbs of 51 bits, which fused.ts takes to multiply two pairs at once.
import { fusedProduct } from "./fused.ts";

const LIMBS = 9;
const BITS = 29;
const MASK = (1n << BigInt(BITS)) - 1n;
const R_BITS = 255n;

const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: LIMBS }, (_, i) => (value >> BigInt(BITS * i)) & MASK);
const wordsOf = (value: bigint): string[] =>
  Array.from({ length: 4 }, (_, i) => `0x${((value >> BigInt(64 * i)) & ((1n << 64n) - 1n)).toString(16)}`);

/** −1/p mod 2^29. */
function negatedInverse(p: bigint): bigint {
  let inverse = 1n;
  for (let i = 0; i < 5; i++) inverse = BigInt.asUintN(BITS, inverse * (2n - p * inverse));
  return BigInt.asUintN(BITS, -inverse);
}

/** The limbs of 2^shift · (the 255-bit number at `name`), shift up to 6, as constants prefix0..prefix8. */
function unpack(name: string, prefix: string, shift: number): string[] {
  return Array.from({ length: LIMBS }, (_, i) => {
    const bit = BITS * i - shift;
    if (bit < 0) return `const ${prefix}0: u64 = (${name}0 << ${shift}) & ${MASK};`;
    const word = bit >> 6;
    const offset = bit & 63;
    const low = offset === 0 ? `${name}${word}` : `(${name}${word} >> ${offset})`;
    const both = offset + BITS > 64 && word < 3 ? `(${low} | (${name}${word + 1} << ${64 - offset}))` : low;
    return `const ${prefix}${i}: u64 = ${i < LIMBS - 1 ? `${both} & ${MASK}` : both};`;
  });
}

const loads = (name: string): string[] =>
  Array.from({ length: 4 }, (_, i) => `const ${name}${i} = load<u64>(${name}, ${8 * i});`);

/** Column by column: the products given, and the multiples of p that make the low nine columns vanish. */
function reduceColumns(p: bigint, products: (column: number) => string[]): string[] {
  const modulus = limbsOf(p);
  const lines = ["let column: u64 = 0;"];
  for (let k = 0; k < LIMBS; k++) {
    const multiples = Array.from({ length: k }, (_, i) => `m${i} * ${modulus[k - i]}`);
    lines.push(
      `column += ${[...products(k), ...multiples].join(" + ")};`,
      `const m${k}: u64 = (column * ${negatedInverse(p)}) & ${MASK};`,
      `column = (column + m${k} * ${modulus[0]}) >> ${BITS};`,
    );
  }
  for (let k = LIMBS; k < 2 * LIMBS - 1; k++) {
    const multiples = Array.from({ length: 2 * LIMBS - 1 - k }, (_, i) => `m${k - 8 + i} * ${modulus[8 - i]}`);
    lines.push(
      `column += ${[...products(k), ...multiples].join(" + ")};`,
      `const c${k - LIMBS}: u64 = column & ${MASK};`,
      `column >>= ${BITS};`,
    );
  }
  return [
    ...lines,
    "const r0 = c0 | (c1 << 29) | (c2 << 58);",
    "const r1 = (c2 >> 6) | (c3 << 23) | (c4 << 52);",
    "const r2 = (c4 >> 12) | (c5 << 17) | (c6 << 46);",
    "const r3 = (c6 >> 18) | (c7 << 11) | (column << 40);",
  ];
}

const pairs = (column: number): [number, number][] =>
  Array.from({ length: LIMBS }, (_, i): [number, number] => [i, column - i]).filter(([, j]) => j >= 0 && j < LIMBS);

const func = (head: string, lines: string[]): string => `${head} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
const inlined = (head: string, lines: string[]): string => `// @ts-ignore: decorator\n@inline\n${func(head, lines)}`;

function fieldSource(f: string, p: bigint, fused: boolean): string {
  const words = wordsOf(p);
  /** r = s + (p & back) */
  const addModulus = [
    ...words.map((word, i) => `const p${i}: u64 = ${word} & back;`),
    "const r0 = s0 + p0;",
    "let c = u64(r0 < s0);",
    ...[1, 2].flatMap((i) => [
      `const u${i} = s${i} + p${i};`,
      `const r${i} = u${i} + c;`,
      `c = u64(u${i} < s${i}) | u64(r${i} < c);`,
    ]),
    "const r3 = s3 + p3 + c;",
  ];
  const put = (value: bigint): string[] => wordsOf(value).map((word, i) => `store<u64>(out, ${word}, ${8 * i});`);
  const borrow = (i: number, subtrahend: string): string[] => [
    `const t${i} = r${i} - ${subtrahend};`,
    `const s${i} = t${i} - k;`,
    `k = u64(r${i} < ${subtrahend}) | u64(t${i} < k);`,
  ];
  return [
    // If one factor is below 2^255 and the other below p, a product is below 2 p: one subtraction makes it canonical.
    inlined(`function ${f}Reduce(out: usize, r0: u64, r1: u64, r2: u64, r3: u64): void`, [
      "let k: u64 = 0;",
      ...words.flatMap((word, i) => borrow(i, word)),
      ...words.map((_, i) => `store<u64>(out, select(r${i}, s${i}, k != 0), ${8 * i});`),
    ]),
    func(`export function ${f}Mul(out: usize, a: usize, b: usize): void`, [
      ...loads("a"),
      ...loads("b"),
      ...unpack("a", "x", 6),
      ...unpack("b", "y", 0),
      ...reduceColumns(p, (k) => pairs(k).map(([i, j]) => `x${i} * y${j}`)),
      `${f}Reduce(out, r0, r1, r2, r3);`,
    ]),
    func(`export function ${f}Sqr(out: usize, a: usize): void`, [
      ...loads("a"),
      ...unpack("a", "x", 3), // (8 a)²
      ...limbsOf(0n).map((_, i) => `const d${i} = x${i} << 1;`),
      ...reduceColumns(p, (k) =>
        pairs(k)
          .filter(([i, j]) => i <= j)
          .map(([i, j]) => (i === j ? `x${i} * x${i}` : `d${i} * x${j}`)),
      ),
      `${f}Reduce(out, r0, r1, r2, r3);`,
    ]),
    func(`export function ${f}Add(out: usize, a: usize, b: usize): void`, [
      ...loads("a"),
      ...loads("b"),
      "const r0 = a0 + b0;",
      "let c = u64(r0 < a0);",
      ...[1, 2].flatMap((i) => [
        `const u${i} = a${i} + b${i};`,
        `const r${i} = u${i} + c;`,
        `c = u64(u${i} < a${i}) | u64(r${i} < c);`,
      ]),
      "const r3 = a3 + b3 + c;",
      `${f}Reduce(out, r0, r1, r2, r3);`,
    ]),
    // s, which may be negative, down to −p
    inlined(`function ${f}Settle(out: usize, s0: u64, s1: u64, s2: u64, s3: u64): void`, [
      "const back: u64 = <u64>(<i64>s3 >> 63);", // all ones where p is to be added
      ...addModulus,
      `${f}Reduce(out, r0, r1, r2, r3);`,
    ]),
    // out0 is no operand of the second product.
    fused
      ? fusedProduct(f, p, `slot(${f === "fr" ? 128 : 160})`)
      : [
          func(`export function ${f}Constants(): void`, []),
          func(`export function ${f}Mul2(out0: usize, a0: usize, b0: usize, out1: usize, a1: usize, b1: usize): void`, [
            `${f}Mul(out0, a0, b0);`,
            `${f}Mul(out1, a1, b1);`,
          ]),
        ].join("\n"),
    func(`export function ${f}Sub(out: usize, a: usize, b: usize): void`, [
      ...loads("a"),
      ...loads("b"),
      "let k: u64 = 0;",
      ...words.flatMap((_, i) => [
        `const t${i} = a${i} - b${i};`,
        `const s${i} = t${i} - k;`,
        `k = u64(a${i} < b${i}) | u64(t${i} < k);`,
      ]),
      "const back: u64 = 0 - k;", // all ones where p is to be added back
      ...addModulus,
      ...words.map((_, i) => `store<u64>(out, r${i}, ${8 * i});`),
    ]),
    func(`export function ${f}One(out: usize): void`, put((1n << R_BITS) % p)),
    func(`export function ${f}Square(out: usize): void`, put((1n << (2n * R_BITS)) % p)), // R², to come into Montgomery form
    func(`export function ${f}Modulus(out: usize): void`, put(p)),
    func(`export function ${f}MinusTwo(out: usize): void`, put(p - 2n)),
    // 2^256·R: what the fifth word of a number stands for.
    func(`export function ${f}FifthWord(out: usize): void`, put((1n << (256n + R_BITS)) % p)),
  ].join("\n");
}

/**
 * The source of kernels/bn254/field.ts for the scalar field (fr, order r) and the base field (fq, order q); `fused` for
 * machines with fused multiply-add.
 */
export function fieldKernels(r: bigint, q: bigint, fused: boolean): string {
  return [
    "// Written by scripts/kernels/montgomery.ts.",
    'import { slot } from "./memory";',
    fieldSource("fr", r, fused),
    fieldSource("fq", q, fused),
    inlined("function fusedSum(a: f64): f64", [
      fused
        ? "return f64x2.extract_lane(f64x2.relaxed_madd(f64x2.splat(a), f64x2.splat(a), f64x2.splat(-1.0)), 0);"
        : "return a - 1.0;",
    ]),
    func("export function prepareField(probe: f64): bool", [
      "frConstants();",
      "fqConstants();",
      // (1 + 2^−30)² − 1 = 2^−29 + 2^−60, which an unfused product rounds to 2^−29
      fused ? "return fusedSum(probe) == (probe - 1.0) * (probe + 1.0);" : "return true;",
    ]),
  ].join("\n");
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Two Montgomery products at once, in the lanes of f64x2, by fused multiply-add: 1.6 times as fast as two products of
// montgomery.ts. Operands are five limbs of 51 bits, R = 2^255. After N. Emmart and others ("52-bit floating-point
// multiplication"), for the rounding of WebAssembly, to nearest.
//
// The product of two limbs is below 2^102. Adding C1 = 3·2^102 − 3·2^51 rounds it to a multiple of 2^51, its upper half, and
// C3 − (that sum), C3 = 3·2^102, plus the product is the lower half, signed, plus 3·2^51: both are exact, and both stay
// within one binade. So the bits of these floats, taken as integers, are halves plus constants: columns are summed as
// 64-bit integers, mod 2^64, that start at minus the sum of the constants they will receive.
//
// Reduction. For the low four columns the multiple is of p' = −1 mod 2^51, p' = p·(−1/p mod 2^51): it is the column's low
// half itself, taken signed, times p'' = (p' + 1)/2^51, one column up. The fifth multiplies by −1/p as usual. The result lies
// between −p and 1.4 p.

const LIMBS = 5;
const BITS = 51n;
const MASK = (1n << BITS) - 1n;
const C1 = 3 * 2 ** 102 - 3 * 2 ** 51;
const C3 = 3 * 2 ** 102;
const LOW = 3 * 2 ** 51;

const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: LIMBS }, (_, i) => (value >> (BITS * BigInt(i))) & MASK);
/** The bits of a float as an integer. */
const bitsOf = (value: number): bigint => new BigInt64Array(new Float64Array([value]).buffer)[0] as bigint;

/** −1/p mod 2^51. */
function negatedInverse(p: bigint): bigint {
  let inverse = 1n;
  for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(Number(BITS), inverse * (2n - p * inverse));
  return BigInt.asUintN(Number(BITS), -inverse);
}

/** What each column starts with: a bias, and minus the constants in what will be added to it. */
function startOf(column: number): bigint {
  let start = 0n;
  const product = (low: number): void => {
    if (column === low) start -= bitsOf(LOW);
    if (column === low + 1) start -= bitsOf(C1);
  };
  for (let i = 0; i < LIMBS; i++) {
    for (let j = 0; j < LIMBS; j++) {
      product(i + j);
      product(i < LIMBS - 1 ? i + j + 1 : i + j);
    }
  }
  // 2^62 keeps a column positive, so that the carry is a logical shift; the next column starts without the carry of it.
  if (column < 9) start += 1n << 62n;
  if (column > 0) start -= 1n << 11n;
  // 2^50 makes the low half of the first four columns signed: 0 stands for −2^50.
  if (column < LIMBS - 1) start += 1n << 50n;
  return BigInt.asIntN(64, start);
}

/** The source of `${f}Mul2`, and of `${f}Constants`, which writes the constants it reads to `base`. */
export function fusedProduct(f: string, p: bigint, base: string): string {
  // Constants lie in memory: written out, each use would be built anew from two immediates.
  const constants: string[] = [];
  const constant = (expression: string): string => {
    if (!constants.includes(expression)) constants.push(expression);
    return `k${constants.indexOf(expression)}`;
  };
  const float = (value: number): string => constant(`f64x2.splat(reinterpret<f64>(<i64>${bitsOf(value)}))`);
  const integer = (value: bigint): string => constant(`i64x2.splat(${value})`);
  const c1 = float(C1);
  const c3 = float(C3);
  const mask = integer(MASK);
  const exponent = integer(bitsOf(2 ** 52));

  const lines: string[] = [];
  for (const v of ["a", "b"]) {
    for (let i = 0; i < 4; i++) {
      lines.push(`const ${v}w${i} = v128.load_lane<u64>(${v}1, v128.load_zero<u64>(${v}0, ${8 * i}), 1, ${8 * i});`);
    }
    const limbs = [
      `v128.and(${v}w0, ${mask})`,
      `v128.and(v128.or(i64x2.shr_u(${v}w0, 51), i64x2.shl(${v}w1, 13)), ${mask})`,
      `v128.and(v128.or(i64x2.shr_u(${v}w1, 38), i64x2.shl(${v}w2, 26)), ${mask})`,
      `v128.and(v128.or(i64x2.shr_u(${v}w2, 25), i64x2.shl(${v}w3, 39)), ${mask})`,
      `i64x2.shr_u(${v}w3, 12)`,
    ];
    for (const [i, limb] of limbs.entries()) {
      lines.push(`const ${v}${v}${i} = f64x2.sub(v128.or(${limb}, ${exponent}), ${float(2 ** 52)});`);
    }
  }
  for (let k = 0; k < 10; k++) lines.push(`let t${k} = ${integer(startOf(k))};`);
  lines.push("let high: v128;", "let low: v128;");
  const product = (x: string, y: string, column: number): void => {
    lines.push(
      `high = f64x2.relaxed_madd(${x}, ${y}, ${c1});`,
      `low = f64x2.relaxed_madd(${x}, ${y}, f64x2.sub(${c3}, high));`,
      `t${column + 1} = i64x2.add(t${column + 1}, high);`,
      `t${column} = i64x2.add(t${column}, low);`,
    );
  };
  const row = (i: number): void => {
    for (let j = 0; j < LIMBS; j++) product(`aa${i}`, `bb${j}`, i + j);
  };
  const carry = (column: number): void => {
    lines.push(`t${column + 1} = i64x2.add(t${column + 1}, i64x2.shr_u(t${column}, ${BITS}));`);
  };

  const inverse = negatedInverse(p);
  const upper = limbsOf((p * inverse + 1n) >> BITS);
  row(0);
  for (let i = 0; i < LIMBS - 1; i++) {
    row(i + 1); // one row ahead of the reduction, which waits for each of its results
    lines.push(`const q${i} = f64x2.sub(v128.or(v128.and(t${i}, ${mask}), ${exponent}), ${float(2 ** 52 + 2 ** 50)});`);
    carry(i);
    for (const [j, limb] of upper.entries()) product(`q${i}`, float(Number(limb)), i + 1 + j);
  }
  const factor = float(Number(inverse));
  lines.push(
    `const q4 = f64x2.sub(v128.or(v128.and(t4, ${mask}), ${exponent}), ${float(2 ** 52)});`,
    `high = f64x2.relaxed_madd(q4, ${factor}, ${c1});`,
    `const m4 = f64x2.sub(f64x2.relaxed_madd(q4, ${factor}, f64x2.sub(${c3}, high)), ${float(LOW)});`,
  );
  for (const [j, limb] of limbsOf(p).entries()) product("m4", float(Number(limb)), 4 + j);
  carry(4);
  for (let k = 5; k < 9; k++) {
    lines.push(`const r${k} = v128.and(t${k}, ${mask});`);
    carry(k);
  }
  lines.push(
    "const w0 = v128.or(r5, i64x2.shl(r6, 51));",
    "const w1 = v128.or(i64x2.shr_u(r6, 13), i64x2.shl(r7, 38));",
    "const w2 = v128.or(i64x2.shr_u(r7, 26), i64x2.shl(r8, 25));",
    "const w3 = v128.or(i64x2.shr_u(r8, 39), i64x2.shl(t9, 12));",
  );
  for (const lane of [0, 1]) {
    const words = [0, 1, 2, 3].map((i) => `i64x2.extract_lane(w${i}, ${lane})`);
    lines.push(`${f}Settle(out${lane}, ${words.join(", ")});`);
  }

  const loads = constants.map((_, i) => `const k${i} = v128.load(base, ${16 * i});`);
  const stores = constants.map((expression, i) => `v128.store(base, ${expression}, ${16 * i});`);
  const func = (head: string, body: string[]): string => `${head} {\n${body.map((line) => `  ${line}\n`).join("")}}\n`;
  return [
    func(`export function ${f}Constants(): void`, [`const base = ${base};`, ...stores]),
    func(`export function ${f}Mul2(out0: usize, a0: usize, b0: usize, out1: usize, a1: usize, b1: usize): void`, [
      `const base = ${base};`,
      ...loads,
      ...lines,
    ]),
  ].join("\n");
}

// SPDX-License-Identifier: GPL-3.0-or-later
// What ran of a file, in statements and in lines. Pure.

export interface FileCoverage {
  readonly statements: { readonly hit: number; readonly of: number };
  /** Lines on which a statement begins; such a line ran if each of them did. */
  readonly lines: { readonly hit: number; readonly of: number };
  /** The first line of each statement that never ran. */
  readonly missed: readonly string[];
}

/** Blanks and comments at the start of a statement's stretch are not the statement. */
const TRIVIA = /^(?:\s+|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)+/;

/**
 * @param source the file as it was before it was instrumented
 * @param statements its statements: UTF-16 offsets, and what each sends when it runs
 * @param hit what was sent
 */
export function coverageOf(
  source: string,
  statements: readonly { readonly marker: string; readonly start: number; readonly end: number }[],
  hit: ReadonlySet<string>,
): FileCoverage {
  const lines = new Map<number, boolean>();
  const missed: string[] = [];
  for (const { marker, start, end } of statements) {
    const begin = start + (TRIVIA.exec(source.slice(start, end))?.[0].length ?? 0);
    const line = source.slice(0, begin).split("\n").length;
    const ran = hit.has(marker);
    lines.set(line, (lines.get(line) ?? true) && ran);
    if (!ran) missed.push((source.slice(begin, end).split("\n")[0] ?? "").trim());
  }
  return {
    statements: { hit: statements.length - missed.length, of: statements.length },
    lines: { hit: [...lines.values()].filter((ran) => ran).length, of: lines.size },
    missed,
  };
}

// SPDX-License-Identifier: GPL-3.0-or-later
// All mutants of a file in one: each change sits behind a switch, and block.coinbase says which switch is on. So hundreds
// of mutants cost one compilation. Pure.
import { child, rangeOf, text, walk, type AstNode, type Range } from "./ast.ts";
import type { Mutant } from "./mutants.ts";

/** block.coinbase under which every switch that is passed reports itself to the coverage address, and none is on. */
export const RECORDING = 0xc0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffn;

/** Its marker, as `RunOptions.onHit` gets it. */
export const markerOf = (id: number): string => id.toString(16).padStart(64, "0");

export const SWITCH_SOURCE = "mutant-switch.sol";

/** The switch. Pure to the compiler's eyes, as Hardhat's coverage hook is, so that pure functions can hold one. */
export const SWITCH_CODE = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
library MutantSwitch {
    function on(uint256 id) internal pure returns (bool) {
        return _pure(_on)(id);
    }
    function _on(uint256 id) private view returns (bool active) {
        assembly ("memory-safe") {
            active := eq(coinbase(), id)
            if eq(coinbase(), 0x${RECORDING.toString(16)}) {
                mstore(0, id)
                pop(staticcall(gas(), 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE, 0, 32, 0, 0))
            }
        }
    }
    function _pure(function(uint256) view returns (bool) f) private pure returns (function(uint256) pure returns (bool) g) {
        assembly ("memory-safe") {
            g := f
        }
    }
}
`;

/** A mutant with the number that turns it on; numbers start at 1. */
export interface Numbered {
  readonly id: number;
  readonly mutant: Mutant;
}

export interface Woven {
  readonly source: string;
  /** Which mutant each stretch of the new source is the replacement of. */
  readonly replaced: readonly (Range & { readonly id: number })[];
}

/** An edit that holds whatever switch is on. */
export interface Edit {
  readonly range: Range;
  readonly code: string;
}

interface Spot extends Range {
  readonly level: Mutant["level"] | "edit";
  readonly code: string;
  readonly mutants: Numbered[];
  readonly inner: Spot[];
}

/** Spots by range, nested as their ranges are. */
function nest(mutants: readonly Numbered[], edits: readonly Edit[]): Spot[] {
  const spots = new Map<string, Spot>();
  for (const numbered of mutants) {
    const { range, level } = numbered.mutant;
    const key = `${range.start}-${range.end}-${level}`;
    const spot = spots.get(key) ?? { ...range, level, code: "", mutants: [], inner: [] };
    spot.mutants.push(numbered);
    spots.set(key, spot);
  }
  for (const { range, code } of edits)
    spots.set(`${range.start}-${range.end}-edit`, { ...range, level: "edit", code, mutants: [], inner: [] });
  // Outer before inner; a statement before the expression that fills it.
  const rank = { edit: 0, statement: 0, modifier: 0, expression: 1 };
  const sorted = [...spots.values()].sort(
    (a, b) => a.start - b.start || b.end - a.end || rank[a.level] - rank[b.level],
  );
  const roots: Spot[] = [];
  const open: Spot[] = [];
  for (const spot of sorted) {
    while ((open.at(-1)?.end ?? Number.POSITIVE_INFINITY) <= spot.start) open.pop();
    (open.at(-1)?.inner ?? roots).push(spot);
    open.push(spot);
  }
  return roots;
}

/**
 * Puts switches into one file.
 * @param source the file's bytes as a binary (latin1) string
 * @param mutants those of this file
 * @param edits twins of its modifiers, and whatever else makes room
 */
export function weave(source: string, mutants: readonly Numbered[], edits: readonly Edit[] = []): Woven {
  const replaced: (Range & { id: number })[] = [];
  let out = "";
  const put = (piece: string): void => {
    out += piece;
  };
  const replacement = ({ id, mutant }: Numbered): void => {
    const start = out.length;
    put(mutant.replacement);
    replaced.push({ start, end: out.length, id });
  };
  const copy = (range: Range, spots: readonly Spot[]): void => {
    let at = range.start;
    for (const spot of spots) {
      put(source.slice(at, spot.start));
      at = emit(spot);
    }
    put(source.slice(at, range.end));
  };
  /** Writes one spot and says where the rest of the source goes on. */
  const emit = (spot: Spot): number => {
    if (spot.level === "edit") {
      put(spot.code);
      return spot.end;
    }
    if (spot.level === "modifier") {
      const [only] = spot.mutants;
      put(`${source.slice(spot.start, spot.end)}_Mutable(${only?.id ?? 0})`);
      return spot.end;
    }
    if (spot.level === "expression") {
      put("(");
      for (const numbered of spot.mutants) {
        put(`MutantSwitch.on(${numbered.id}) ? (`);
        replacement(numbered);
        put(") : ");
      }
      put("(");
      copy(spot, spot.inner);
      put("))");
      return spot.end;
    }
    // A statement's range stops before its semicolon; a block of assembly has none.
    const semicolon = /^\s*;/.exec(source.slice(spot.end))?.[0].length ?? 0;
    put("{ ");
    for (const numbered of spot.mutants) {
      put(`if (MutantSwitch.on(${numbered.id})) { `);
      replacement(numbered);
      put(numbered.mutant.replacement !== "" && semicolon > 0 ? "; } else " : " } else ");
    }
    put("{ ");
    copy(spot, spot.inner);
    put(semicolon > 0 ? "; } }" : " } }");
    return spot.end + semicolon;
  };
  copy({ start: 0, end: source.length }, nest(mutants, edits));
  put(`\nimport {MutantSwitch} from "${SWITCH_SOURCE}";\n`);
  return { source: out, replaced };
}

/**
 * Twins of a file's modifiers that a switch can turn off: `X_Mutable(id)` beside `X`.
 * @param wanted ids of the modifiers' nodes
 */
export function modifierTwins(source: string, tree: AstNode, wanted: ReadonlySet<number>): Edit[] {
  const twins: Edit[] = [];
  walk(tree, (node) => {
    if (node.nodeType !== "ModifierDefinition" || !wanted.has(node.id ?? -1)) return true;
    const [whole, body] = [rangeOf(node), rangeOf(child(node, "body") ?? node)];
    const name = text(node, "name");
    if (/\w\s*\(\s*\w/.test(source.slice(whole.start, body.start)))
      throw new Error(`modifier ${name} has parameters, which the weaver does not know how to extend`);
    const inner = source.slice(body.start, body.end);
    const code = `modifier ${name}_Mutable(uint256 mutantId) { if (MutantSwitch.on(mutantId)) { _; } else ${inner} }`;
    twins.push({ range: { start: whole.end, end: whole.end }, code: `\n    ${code}` });
    return false;
  });
  return twins;
}

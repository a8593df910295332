// SPDX-License-Identifier: GPL-3.0-or-later
// From the built contracts to contracts that hold all their mutants.
import { declarations, type AstNode } from "./ast.ts";
import { mutantsOf, shorterEncodings } from "./mutants.ts";
import { compileContracts, moneyContracts, type Workpiece } from "./scope.ts";
import { compile, errorsOf, type LinkReferences, type SolcError, type SolcInput } from "./solc.ts";
import { modifierTwins, SWITCH_CODE, SWITCH_SOURCE, weave, type Edit, type Numbered, type Woven } from "./weave.ts";

type Substitutes = ReadonlyMap<string, { readonly bytecode: string; readonly linkReferences: LinkReferences }>;

export interface Weaving {
  readonly mutants: readonly Numbered[];
  /** Compiles contracts, by "path:Contract", that hold these mutants; hundreds at a time are fastest. */
  compile(mutants: readonly Numbered[]): Substitutes;
}

const bytes = (content: string): string => Buffer.from(content, "utf8").toString("latin1");
const utf8 = (binary: string): string => Buffer.from(binary, "latin1").toString("utf8");

const select = (input: SolcInput, outputSelection: unknown): SolcInput => ({
  ...input,
  settings: { ...input.settings, outputSelection },
});

/** Parses and mutates the money files, and leaves out the mutants that the compiler refuses. */
export async function weaveAll(say: (line: string) => void): Promise<Weaving> {
  const work = await moneyContracts();
  const roots = [...work.names.values()];
  const parsed = compile(select(work.input, { "*": { "": ["ast"] } }), roots);
  const [error] = errorsOf(parsed);
  if (error !== undefined) throw new Error(`the contracts do not compile: ${error.formattedMessage}`);
  const trees = new Map(Object.entries(parsed.sources ?? {}).map(([name, { ast }]) => [name, ast as AstNode]));
  const byId = declarations([...trees.values()]);
  const all: Numbered[] = [];
  for (const [file, name] of work.names) {
    const tree = trees.get(name);
    if (tree === undefined) throw new Error(`${name} was not parsed`);
    const source = bytes(work.input.sources[name]?.content ?? "");
    for (const mutant of mutantsOf(file, source, tree, byId)) all.push({ id: all.length + 1, mutant });
  }

  // What does not compile is no mutant; the compiler names some of them at a time.
  let mutants = all;
  for (;;) {
    const { input, woven } = weaveInto(work, trees, byId, mutants);
    const invalid = blame(errorsOf(compile(select(input, {}), roots)), woven);
    if (invalid.size === 0) {
      say(`${mutants.length} mutants; ${all.length - mutants.length} more do not compile`);
      const compileSome = (some: readonly Numbered[]): Substitutes =>
        compileContracts(work, weaveInto(work, trees, byId, some).input.sources);
      return { mutants, compile: compileSome };
    }
    mutants = mutants.filter(({ id }) => !invalid.has(id));
  }
}

/** The input with switches in the money files, and twins of the modifiers where those are. */
function weaveInto(
  work: Workpiece,
  trees: ReadonlyMap<string, AstNode>,
  byId: ReadonlyMap<number, AstNode>,
  mutants: readonly Numbered[],
): { input: SolcInput; woven: ReadonlyMap<string, Woven> } {
  const wanted = new Set<number>();
  for (const { mutant } of mutants) {
    if (mutant.level !== "modifier") continue;
    for (const node of byId.values())
      if (node.nodeType === "ModifierDefinition" && node["name"] === mutant.from) wanted.add(node.id ?? -1);
  }
  const woven = new Map<string, Woven>();
  const sources: Record<string, { content: string }> = {
    ...work.input.sources,
    [SWITCH_SOURCE]: { content: SWITCH_CODE },
  };
  const files = new Map([...work.names].map(([file, name]) => [name, file]));
  for (const [name, tree] of trees) {
    const file = files.get(name);
    const own = mutants.filter(({ mutant }) => mutant.file === file);
    const source = bytes(work.input.sources[name]?.content ?? "");
    const edits: Edit[] = modifierTwins(source, tree, wanted);
    if (own.length === 0 && edits.length === 0) continue;
    const result = weave(source, own, [...edits, ...shorterEncodings(source, tree)]);
    woven.set(name, result);
    sources[name] = { content: utf8(result.source) };
  }
  return { input: { ...work.input, sources }, woven };
}

/** The mutants in whose replacements, or around which, the compiler found errors. */
function blame(errors: readonly SolcError[], woven: ReadonlyMap<string, Woven>): ReadonlySet<number> {
  const found = new Set<number>();
  for (const error of errors) {
    const at = error.sourceLocation;
    const replaced = woven.get(at?.file ?? "")?.replaced ?? [];
    const inside = replaced.filter(({ start, end }) => at !== undefined && start <= at.start && at.end <= end);
    const around = replaced.filter(({ start, end }) => at !== undefined && at.start <= start && end <= at.end);
    // An error of a whole ?: is its replacement's, which is the first inside it.
    const blamed = inside.at(-1) ?? around[0];
    if (blamed === undefined) throw new Error(`the woven contracts do not compile: ${error.formattedMessage}`);
    found.add(blamed.id);
  }
  return found;
}

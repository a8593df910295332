// SPDX-License-Identifier: GPL-3.0-or-later
// Every static check of the repository, side by side where they are independent; fails if any fails.
//   node scripts/lint.ts [name ...]     with names: only those
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const CHECKS: Record<string, string[]> = {
  format: ["prettier", "--check", "--log-level", "warn", "."],
  types: ["tsc", "-p", "."],
  typescript: ["eslint", "."],
  layers: ["depcruise", "--config", ".dependency-cruiser.cjs", "verifier", "scripts"],
  solidity: ["solhint", "--max-warnings", "0", "contracts/**/*.sol", "examples/dapps/**/*.sol"],
  // circomspect reports every `<--` and every signal it cannot see a constraint for; its findings are allow-listed by
  // pass, with the reason, in circuits/README.md. What remains fails the build.
  circom: [
    "circomspect",
    "--level",
    "WARNING",
    "--allow",
    "CS0005",
    "--allow",
    "CS0012",
    "--allow",
    "CS0017",
    "--allow",
    "CS0018",
    ...globSync("circuits/**/*.circom").sort(),
  ],
  generated: ["node", "scripts/generate.ts", "--check"],
  smt: ["node", "scripts/smt-check.ts"],
  coverage: ["node", "scripts/coverage.ts", "--check"],
  mutation: ["node", "scripts/mutate.ts", "--check"],
};

const names = process.argv.slice(2);
const failed: string[] = [];
for (const [name, [command, ...args]] of Object.entries(CHECKS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const started = Date.now();
  const { status } = spawnSync(command as string, args, { stdio: "inherit" });
  console.log(`lint ${name}: ${status === 0 ? "ok" : "FAILED"} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) console.log(`lint failed: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;

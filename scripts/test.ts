// SPDX-License-Identifier: GPL-3.0-or-later
// Runs every test (mocha, then Solidity) and ends with one line that counts them all.
//   node scripts/test.ts [--deep]      --deep: more fuzz runs, deeper invariants, every example over a chain, circuits of large models
import { spawn, spawnSync } from "node:child_process";

interface Outcome {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly exitCode: number;
}

/** Streams one Hardhat test suite to the terminal and reads the counts from its closing lines. */
function runSuite(suite: "solidity" | "mocha", extra: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn("hardhat", ["test", suite, ...extra], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, VERIGRAD_TEST_DEEP: deep ? "1" : "0" },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      process.stdout.write(chunk);
      output += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const plain = output.replace(/\u001b\[[0-9;]*m/g, "");
      const last = (word: string): number =>
        Number([...plain.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, "gm"))].at(-1)?.[1] ?? 0);
      resolve({ suite, passed: last("passing"), failed: last("failing"), exitCode: code ?? 1 });
    });
  });
}

const USAGE =
  "usage: ./dev test | ./dev test:deep      every test; deep: more fuzz runs, deeper invariants, large models";
if (process.argv.includes("--help")) {
  console.log(USAGE);
  process.exit();
}
const deep = process.argv.includes("--deep");
// Contracts are built once, alone: the Solidity tests take minutes to compile, and mocha does not need them.
const built = spawnSync("hardhat", ["build", "--no-tests", "--quiet"], { stdio: "inherit" });
if (built.status !== 0) process.exit(1);
const outcomes = [
  await runSuite("mocha", ["--no-compile"]),
  await runSuite("solidity", deep ? ["--test-profile", "deep"] : []),
];

console.log("");
let broken = false;
for (const { suite, passed, failed, exitCode } of outcomes) {
  // A suite that ran nothing, or that failed before it could count, is a failure however it closed.
  const bad = exitCode !== 0 || failed > 0 || passed === 0;
  broken ||= bad;
  console.log(`${suite}: ${passed} passing, ${failed} failing${exitCode === 0 ? "" : ` (exit code ${exitCode})`}`);
}
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
console.log(`${passed} passed, ${Math.max(failed, broken ? 1 : 0)} failed`);
process.exitCode = broken ? 1 : 0;

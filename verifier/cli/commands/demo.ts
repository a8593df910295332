// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync } from "node:fs";
import { Command } from "commander";
import { VerigradError } from "../../errors.ts";
import type { CliContext } from "../context.ts";

/** The demonstration lives with the repository's scripts: it deploys contracts, which a package from npm does not. */
const SCRIPT = new URL("../../../scripts/demo.ts", import.meta.url);

type RunDemo = (options: { json: boolean }, deps: { signal: AbortSignal }) => Promise<unknown>;

export function demoCommand(context: () => CliContext): Command {
  return new Command("demo")
    .description("the whole product on a local chain: compile, set up, request, prove, settle, audit, attack")
    .addHelpText("after", "\nExamples:\n  $ verigrad demo\n  $ verigrad demo --json")
    .action(() => demo(context()));
}

async function demo(context: CliContext): Promise<void> {
  if (!existsSync(SCRIPT)) {
    throw new VerigradError(
      "DEMO_UNAVAILABLE",
      "the demonstration needs a clone of the repository: run ./dev demo there",
    );
  }
  const { runDemo } = (await import(SCRIPT.href)) as { runDemo: RunDemo };
  await runDemo({ json: context.json }, { signal: context.signal });
}

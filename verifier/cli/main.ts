#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
// Wiring of the command line. The only reader of the environment and the arguments.
import { Command, CommanderError } from "commander";
import { VerigradError } from "../errors.ts";
import { auditCommand } from "./commands/audit.ts";
import { commitCommand } from "./commands/commit.ts";
import { compileCommand } from "./commands/compile.ts";
import { demoCommand } from "./commands/demo.ts";
import { fetchPtauCommand } from "./commands/fetch-ptau.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { nodeCommand } from "./commands/node.ts";
import { proveCommand } from "./commands/prove.ts";
import { registerCommand } from "./commands/register.ts";
import { setupCommand } from "./commands/setup.ts";
import { verifyCommand } from "./commands/verify.ts";
import { EXIT, openContext, pathError } from "./context.ts";

const args = process.argv.slice(2);
const json = args.includes("--json");
const controller = new AbortController();
const context = openContext({ json, signal: controller.signal, env: process.env });

/** The first Ctrl-C asks work to stop, the second does not ask. */
let interrupted = 0;
for (const [signal, code] of [
  ["SIGINT", EXIT.interrupted],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    if (interrupted !== 0) process.exit(code);
    interrupted = code;
    controller.abort();
    setTimeout(() => process.exit(code), 2000).unref();
  });
}

/** --json and usage errors are the same for every command, however deep. */
function prepare(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  command.option("--json", "print one JSON object as the last line of stdout");
  command.commands.forEach(prepare);
  return command;
}

const program = new Command("verigrad")
  .description("Machine-learning models that smart contracts can use without trusting whoever runs them.")
  .showHelpAfterError(false)
  .enablePositionalOptions();
for (const make of [
  inspectCommand,
  compileCommand,
  fetchPtauCommand,
  setupCommand,
  commitCommand,
  proveCommand,
  verifyCommand,
  registerCommand,
  nodeCommand,
  auditCommand,
  demoCommand,
]) {
  program.addCommand(make(() => context));
}

/** One clear line on stderr; with --json the error as an object too. Never a stack trace. */
function fail(exitCode: number, code: string, message: string, data: object = {}): void {
  // Messages quote strangers' files: nothing in one may steer a terminal.
  const line = message.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  context.warn(`verigrad: ${line}${code === "USAGE" ? "" : ` [${code}]`}`);
  context.result({ error: { code, message: line, data } });
  process.exitCode = exitCode;
}

try {
  await prepare(program).parseAsync(args, { from: "user" });
  process.exitCode = context.exitCode;
} catch (thrown) {
  const error = pathError(thrown) ?? thrown;
  if (error instanceof CommanderError) {
    if (error.code === "commander.help") process.exitCode = EXIT.usage;
    else if (error.exitCode !== 0) fail(EXIT.usage, "USAGE", error.message.replace(/^error: /, ""));
  } else if (error instanceof VerigradError) {
    fail(error.consequence === "REJECT" ? EXIT.usage : EXIT.failure, error.code, error.message, error.data);
  } else {
    fail(EXIT.failure, "INTERNAL", error instanceof Error ? error.message : String(error));
  }
}
if (interrupted !== 0) process.exitCode = interrupted;

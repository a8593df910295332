// SPDX-License-Identifier: GPL-3.0-or-later
// What every command is given: where to write, how to show progress, when to stop.
import { readFile, stat } from "node:fs/promises";
import { toJson } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";
import type { Progress, WorkOptions } from "../proofs/types.ts";

/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** something that should not happen, or a chain that does not answer */
  failure: 1,
  /** the arguments or what they name are wrong */
  usage: 2,
  /** the answer is no: a proof that does not verify, an audit whose verdict is invalid */
  refuted: 3,
  /** an audit that could not check everything */
  undecided: 4,
  interrupted: 130,
} as const;

export interface CliContext {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines for people, on stdout; left out with --json. */
  print(line: string): void;
  /** The command's result: one JSON object as last line with --json. */
  result(value: Record<string, unknown>): void;
  /** A warning that nobody should miss, on stderr. */
  warn(line: string): void;
  /** Progress and the stop signal, for long work. */
  work(): WorkOptions;
  exitCode: number;
}

/** A context over the process's streams. Progress is shown on a terminal only. */
export function openContext(options: {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly env: CliContext["env"];
}): CliContext {
  const { stdout, stderr } = process;
  const clear = (): void => {
    if (stderr.isTTY) stderr.write("\r\u001b[2K");
  };
  const onProgress: Progress = (step, fraction) => {
    if (!stderr.isTTY) return;
    const share = fraction === undefined ? "" : ` ${Math.round(fraction * 100)} %`;
    stderr.write(`\r\u001b[2K${step}${share}`.slice(0, (stderr.columns ?? 80) + 4));
  };
  return {
    json: options.json,
    signal: options.signal,
    env: options.env,
    exitCode: EXIT.ok,
    print: (line) => {
      clear();
      if (!options.json) stdout.write(`${line}\n`);
    },
    result: (value) => {
      clear();
      if (options.json) stdout.write(`${toJson(value)}\n`);
    },
    warn: (line) => {
      clear();
      stderr.write(`${line}\n`);
    },
    work: () => ({ onProgress, signal: options.signal }),
  };
}

/** Reads a file that the user named. Errors: FILE_UNREADABLE. */
export async function readNamed(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "it is a directory" : "it cannot be read";
    throw new VerigradError("FILE_UNREADABLE", `${path}: ${why}`, { data: { path } });
  }
}

/** Errors: FILE_UNREADABLE unless there is a directory of this name. */
export async function assertDirectory(path: string): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory() === true) return;
  throw new VerigradError("FILE_UNREADABLE", `${path}: no such directory`, { data: { path } });
}

/** Errors: FILE_UNREADABLE unless there is a file of this name. For files too large to read at once. */
export async function assertFile(path: string): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info?.isFile() === true) return;
  throw new VerigradError("FILE_UNREADABLE", `${path}: no such file`, { data: { path } });
}

/** What the operating system says about a path that the user gave, as an error for the user; null for anything else. */
export function pathError(error: unknown): VerigradError | null {
  const { code, syscall, path } = (typeof error === "object" && error !== null ? error : {}) as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined || path === undefined || !PATH_ERRORS.has(code)) return null;
  const reading = ["open", "read", "scandir", "stat", "lstat", "access"].includes(syscall);
  return reading
    ? new VerigradError("FILE_UNREADABLE", `${path}: cannot be read (${code})`, { data: { path }, cause: error })
    : new VerigradError("OUTPUT_UNWRITABLE", `${path}: cannot be written (${code})`, { data: { path }, cause: error });
}

const PATH_ERRORS = new Set([
  ...["EACCES", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM", "EROFS"],
]);

/** JSON that the user wrote. Errors: FILE_UNREADABLE, INPUT_JSON. */
export async function readJson(path: string): Promise<unknown> {
  const text = (await readNamed(path)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VerigradError("INPUT_JSON", `${path} is not JSON`, { cause });
  }
}

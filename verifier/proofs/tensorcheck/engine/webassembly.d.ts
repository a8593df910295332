// SPDX-License-Identifier: GPL-3.0-or-later
// What this folder uses of WebAssembly, which TypeScript only knows together with the whole of a browser.

declare namespace WebAssembly {
  // The compiler's own object: passed on, never looked into.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Module {}

  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  function compile(bytes: Uint8Array): Promise<Module>;
}

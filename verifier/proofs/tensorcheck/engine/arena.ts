// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's memory: a stack of allocations in one shared WebAssembly.Memory.
import { VerigradError } from "../../../errors.ts";
import type { Mark } from "./types.ts";

const PAGE_BYTES = 65536;
const ALIGNMENT = 64;
/** Nothing is allocated at address 0: kernels use it for "none". */
const START = 64;

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly maximumBytes: number;
  #top = START;
  #bytes: Uint8Array;

  /** `maximumBytes` are reserved as addresses, not as memory: pages are taken as they are used. */
  constructor(maximumBytes: number) {
    this.maximumBytes = maximumBytes;
    this.memory = new WebAssembly.Memory({
      initial: 1,
      maximum: Math.floor(maximumBytes / PAGE_BYTES),
      shared: true,
    });
    this.#bytes = new Uint8Array(this.memory.buffer);
  }

  get used(): number {
    return this.#top;
  }

  mark(): Mark {
    return this.#top;
  }

  release(mark: Mark): void {
    if (!Number.isInteger(mark) || mark < START || mark > this.#top) {
      throw new VerigradError("ENGINE_ARGUMENT", `no mark of the arena: ${mark}`);
    }
    this.#top = mark;
  }

  /** The address of `bytes` bytes, aligned to 64. Their content is unspecified. */
  allocate(bytes: number): number {
    const address = this.#top;
    const top = address + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const missing = top - this.#bytes.length;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE_BYTES));
      } catch (cause) {
        throw new VerigradError(
          "ENGINE_MEMORY",
          `${bytes} bytes do not fit: ${address} of ${this.maximumBytes} are in use`,
          { data: { bytes, used: address, maximum: this.maximumBytes }, cause },
        );
      }
      this.#bytes = new Uint8Array(this.memory.buffer);
    }
    this.#top = top;
    return address;
  }

  /** A view of allocated bytes. */
  bytes(address: number, length: number): Uint8Array {
    if (address < START || address + length > this.#top) {
      throw new VerigradError("ENGINE_ARGUMENT", `a handle points outside of the arena: ${address}, ${length} bytes`);
    }
    return this.#bytes.subarray(address, address + length);
  }

  words(address: number, count: number): BigUint64Array {
    const { buffer, byteOffset } = this.bytes(address, count * 8);
    return new BigUint64Array(buffer, byteOffset, count);
  }

  uint32(address: number, count: number): Uint32Array {
    const { buffer, byteOffset } = this.bytes(address, count * 4);
    return new Uint32Array(buffer, byteOffset, count);
  }

  /** Numbers below 2^256, 32 bytes each, little-endian. */
  writeNumbers(address: number, values: readonly bigint[]): void {
    const words = this.words(address, 4 * values.length);
    for (const [i, value] of values.entries()) {
      // setting a word of a BigUint64Array takes the value mod 2^64
      words[4 * i] = value;
      words[4 * i + 1] = value >> 64n;
      words[4 * i + 2] = value >> 128n;
      words[4 * i + 3] = value >> 192n;
    }
  }

  readNumbers(address: number, count: number): bigint[] {
    const words = this.words(address, 4 * count);
    const word = (i: number): bigint => words[i] as bigint;
    return Array.from(
      { length: count },
      (_, i) => word(4 * i) | (word(4 * i + 1) << 64n) | (word(4 * i + 2) << 128n) | (word(4 * i + 3) << 192n),
    );
  }
}

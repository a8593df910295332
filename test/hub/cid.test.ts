// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { CID } from "multiformats/cid";
import { cidFromBytes, cidToBytes, directoryCid, filesCid, listFiles } from "../../verifier/hub/cid.ts";
import { codeOf } from "../helpers/errors.ts";

// A second implementation, from the definitions (IPLD dag-pb and UnixFS protobufs), for small trees.
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
const number = (id: number, value: number): Buffer => Buffer.from([id << 3, ...varint(value)]);
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const cidOf = (codec: number, block: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([1, codec, 0x12, 0x20]), sha256(block)]);
interface Node {
  readonly cid: Buffer;
  readonly totalSize: number;
}
const raw = (bytes: Uint8Array): Node => ({ cid: cidOf(0x55, bytes), totalSize: bytes.length });
const dagPb = (links: readonly { name: string; node: Node }[], data: Buffer): Node => {
  const block = Buffer.concat([
    ...links.map(({ name, node }) =>
      field(2, Buffer.concat([field(1, node.cid), field(2, Buffer.from(name)), number(3, node.totalSize)])),
    ),
    field(1, data),
  ]);
  return {
    cid: cidOf(0x70, block),
    totalSize: block.length + links.reduce((sum, { node }) => sum + node.totalSize, 0),
  };
};
const directoryOf = (links: readonly { name: string; node: Node }[]): Node => dagPb(links, number(1, 1));
/** A file of several chunks: UnixFS type file, its size, then the size of each chunk. */
const fileOf = (bytes: Uint8Array): Node => {
  if (bytes.length <= 262_144) return raw(bytes);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 262_144) }, (_, i) =>
    bytes.subarray(i * 262_144, (i + 1) * 262_144),
  );
  const data = Buffer.concat([
    number(1, 2),
    number(3, bytes.length),
    ...chunks.map((chunk) => number(4, chunk.length)),
  ]);
  return dagPb(
    chunks.map((chunk) => ({ name: "", node: raw(chunk) })),
    data,
  );
};
const text = (node: Node): string => CID.decode(node.cid).toString();

describe("content ids of packages", () => {
  it("gives the well-known CID of an empty directory", async () => {
    expect(await filesCid([])).to.equal("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
  });

  it("stores a small file as a raw leaf: its CID is the prefix and the well-known SHA-256 of its bytes", () => {
    const hello = raw(Buffer.from("hello world"));
    expect(hello.cid.toString("hex")).to.equal(
      "01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
    );
  });

  it("agrees with the definition on a directory with one file, several, and nested ones", async () => {
    const hello = Buffer.from("hello world");
    expect(await filesCid([{ path: "a.txt", bytes: hello }])).to.equal(
      text(directoryOf([{ name: "a.txt", node: raw(hello) }])),
    );
    const inner = directoryOf([{ name: "b.bin", node: raw(Buffer.from([1, 2, 3])) }]);
    expect(
      await filesCid([
        { path: "z", bytes: new Uint8Array() },
        { path: "setup/b.bin", bytes: Uint8Array.of(1, 2, 3) },
        { path: "a.txt", bytes: hello },
      ]),
    ).to.equal(
      text(
        directoryOf([
          { name: "a.txt", node: raw(hello) },
          { name: "setup", node: inner },
          { name: "z", node: raw(Buffer.alloc(0)) },
        ]),
      ),
    );
  });

  it("cuts files into chunks of 262,144 bytes", async () => {
    for (const size of [262_143, 262_144, 262_145, 600_000]) {
      const bytes = Buffer.alloc(size, size % 251);
      expect(await filesCid([{ path: "f", bytes }]), `${size}`).to.equal(
        text(directoryOf([{ name: "f", node: fileOf(bytes) }])),
      );
    }
  });

  it("is the same from disk and from memory, in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c/d", "c/e", "f/g/h"), fc.uint8Array({ maxLength: 64 })), {
          selector: ([path]) => path,
        }),
        async (entries) => {
          const files = entries.map(([path, bytes]) => ({ path, bytes }));
          const directory = await mkdtemp(join(tmpdir(), "verigrad-cid-"));
          try {
            for (const { path, bytes } of files) {
              await mkdir(join(directory, path, ".."), { recursive: true });
              await writeFile(join(directory, path), bytes);
            }
            expect(await directoryCid(directory)).to.equal(await filesCid(files));
            expect(await filesCid([...files].reverse())).to.equal(await filesCid(files));
            expect(await listFiles(directory)).to.deep.equal(files.map((file) => file.path).sort());
          } finally {
            await rm(directory, { recursive: true });
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("refuses what IPFS tools would skip or follow: dot files and links", async () => {
    const directory = await mkdtemp(join(tmpdir(), "verigrad-cid-"));
    try {
      await writeFile(join(directory, ".hidden"), "x");
      expect(await codeOf(directoryCid(directory))).to.equal("PACKAGE_FILE_REFUSED");
      await rm(join(directory, ".hidden"));
      await symlink("/etc/passwd", join(directory, "link"));
      expect(await codeOf(directoryCid(directory))).to.equal("PACKAGE_FILE_REFUSED");
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("turns text into the chain's 36 bytes and back, and accepts one form only", async () => {
    const cid = await filesCid([]);
    const bytes = cidToBytes(cid);
    expect(bytes.length).to.equal(36);
    expect([...bytes.subarray(0, 4)]).to.deep.equal([0x01, 0x70, 0x12, 0x20]);
    expect(cidFromBytes(bytes)).to.equal(cid);
    const wrong = [
      "",
      "../../etc/passwd",
      cid.toUpperCase(),
      CID.parse(cid).toV0().toString(), // Qm..., the same block
      text(raw(Buffer.from("hello world"))), // a raw leaf, not a directory
    ];
    for (const bad of wrong) expect(await codeOf(() => cidToBytes(bad)), bad).to.equal("CID_INVALID");
    for (const bad of [new Uint8Array(), bytes.subarray(0, 35), Uint8Array.of(...bytes, 0)]) {
      expect(await codeOf(() => cidFromBytes(bad))).to.equal("CID_INVALID");
    }
  });
});

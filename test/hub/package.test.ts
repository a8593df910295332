// SPDX-License-Identifier: GPL-3.0-or-later
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { canonicalJson } from "../../verifier/graph/canonical-json.ts";
import { VerigradError } from "../../verifier/errors.ts";
import { keccakHex } from "../../verifier/hash.ts";
import { isPlainPath, parseManifest, serializeManifest } from "../../verifier/hub/manifest.ts";
import { openPackage, openSetup } from "../../verifier/hub/package.ts";
import { codeOf, errorOf } from "../helpers/errors.ts";
import { mockPackageFiles, tinyGraph, writeFiles } from "../helpers/packages.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const files = mockPackageFiles();
const bytesOf = (path: string): Uint8Array => files.find((file) => file.path === path)?.bytes as Uint8Array;

describe("packages", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "verigrad-package-"));
    await writeFiles(directory, files);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("open with their graph and specs", async () => {
    const opened = await openPackage(directory);
    expect(opened.manifest.name).to.equal("tiny");
    expect(opened.graph).to.deep.equal(tinyGraph());
    expect(opened.outputSpecs.map(({ shape }) => shape)).to.deep.equal([[1, 3]]);
  });

  for (const path of ["model.onnx", "calibration.json", "graph.json", "weights.bin"]) {
    it(`are corrupt when ${path} is changed, longer, shorter or gone, and say so`, async () => {
      const original = await readFile(join(directory, path));
      const flipped = Uint8Array.from(original, (byte, i) => (i === original.length - 1 ? byte ^ 1 : byte));
      const tampers: (() => Promise<void>)[] = [
        () => writeFile(join(directory, path), flipped),
        () => appendFile(join(directory, path), "x"),
        () => truncate(join(directory, path), original.length - 1),
        () => rm(join(directory, path)),
      ];
      for (const tamper of tampers) {
        await tamper();
        const error = await errorOf(openPackage(directory));
        expect(error?.code).to.equal("PACKAGE_CORRUPT");
        expect(error?.data["path"]).to.equal(path);
        await writeFile(join(directory, path), original);
      }
      await openPackage(directory);
    });
  }

  it("hold nothing that the manifest does not list, outside of setup/ and report/", async () => {
    await writeFiles(directory, [{ path: "report/accuracy.json", bytes: text("{}") }]);
    await openPackage(directory);
    await writeFiles(directory, [{ path: "circuit/backdoor.wasm", bytes: text("x") }]);
    expect((await errorOf(openPackage(directory)))?.data["path"]).to.equal("circuit/backdoor.wasm");
  });

  it("do not open when the manifest tells of other specs than the graph has", async () => {
    const manifest = parseManifest(bytesOf("manifest.json"));
    const [input] = manifest.inputs;
    if (input === undefined) throw new Error("no input");
    const lies = { ...manifest, inputs: [{ ...input, spec: { ...input.spec, hi: 17 } }] };
    await writeFile(join(directory, "manifest.json"), serializeManifest(lies));
    expect((await errorOf(openPackage(directory)))?.data["path"]).to.equal("manifest.json");
    await writeFile(
      join(directory, "manifest.json"),
      serializeManifest({ ...manifest, graphHash: manifest.weightsHash }),
    );
    expect((await errorOf(openPackage(directory)))?.code).to.equal("PACKAGE_CORRUPT");
  });

  it("have no set-up whose key takes the other kind of input, or none", async () => {
    const path = join(directory, "setup/key.bin");
    const key = Uint8Array.from(await readFile(path));
    for (const other of [key.with(4, 1), key.with(4, 2), key.subarray(0, 4)]) {
      await writeFile(path, other);
      expect(await codeOf(openSetup(directory))).to.equal("PACKAGE_CORRUPT");
    }
  });

  it("say whether their set-up is INSECURE, in one canonical way", async () => {
    const path = join(directory, "setup/transcript.json");
    expect(await openSetup(directory)).to.include({ insecure: true, setupHash: `0x${"00".repeat(32)}` });
    const ceremony = canonicalJson({ kind: "ceremony" });
    await writeFile(path, ceremony);
    expect(await openSetup(directory)).to.include({ insecure: false, setupHash: keccakHex(ceremony) });
    for (const bad of ["", "{}", '{ "kind":"ceremony"}', '{"kind":"secure"}', "[]", "null", '{"kind":1.5}']) {
      await writeFile(path, bad);
      expect(await codeOf(openSetup(directory)), bad).to.equal("PACKAGE_CORRUPT");
    }
    await rm(path);
    expect(await codeOf(openSetup(directory))).to.equal("PACKAGE_NO_SETUP");
  });
});

describe("manifests", () => {
  const good = bytesOf("manifest.json");
  const object = JSON.parse(new TextDecoder().decode(good)) as Record<string, unknown>;

  it("read back to the same bytes", () => {
    expect(serializeManifest(parseManifest(good))).to.deep.equal(good);
  });

  it("are refused in any other form or with any field changed in kind", async () => {
    const listed = object["files"] as Record<string, unknown>;
    const broken: Record<string, unknown>[] = [
      { format: "verigrad.package.v2" },
      { name: "" },
      { name: "x".repeat(65) },
      { inputs: [] },
      { inputMode: "PRIVATE" },
      { graphHash: "0x12" },
      { extra: 1 },
      { files: {} },
      ...["../evil", "/etc/passwd", "a//b", ".hidden", "a/../b", "manifest.json", "setup/key.bin", "a\\b"].map(
        (path) => ({
          files: { ...listed, [path]: listed["graph.json"] },
        }),
      ),
    ];
    for (const change of broken) {
      const bytes = canonicalJson({ ...object, ...change } as Parameters<typeof canonicalJson>[0]);
      expect(await codeOf(() => parseManifest(bytes)), JSON.stringify(change).slice(0, 60)).to.equal(
        "PACKAGE_MANIFEST",
      );
    }
    const pretty = text(JSON.stringify(object, null, 1));
    expect(await codeOf(() => parseManifest(pretty))).to.equal("PACKAGE_MANIFEST");
  });

  it("never bring anything but a VerigradError out of the reader, whatever byte is changed", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = good.slice();
        bytes[at] = (bytes[at] as number) ^ change;
        try {
          expect(serializeManifest(parseManifest(bytes))).to.deep.equal(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(VerigradError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("know paths that stay inside", () => {
    for (const path of ["a", "a/b", "circuit/main.r1cs", "A-1_2.x"]) expect(isPlainPath(path), path).to.equal(true);
    for (const path of ["", "/a", "a/", "..", "a/..", "./a", "a//b", "a b", "a\n", "a\0b"]) {
      expect(isPlainPath(path), JSON.stringify(path)).to.equal(false);
    }
  });
});

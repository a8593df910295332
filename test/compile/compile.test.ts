// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { buildPackage } from "../../verifier/compile/build.ts";
import { writePackage } from "../../verifier/compile/write.ts";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { filesCid } from "../../verifier/hub/cid.ts";
import { parseManifest } from "../../verifier/hub/manifest.ts";
import { openPackage } from "../../verifier/hub/package.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import { digitsPackage } from "../helpers/audit.ts";
import { codeOf, errorOf } from "../helpers/errors.ts";
import { mockProofs } from "../helpers/mock-proofs.ts";

const EXAMPLE = new URL("../../examples/digits/", import.meta.url);

describe("compiling a package", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-compile-"));
  });
  afterEach(() => rm(root, { recursive: true }));

  it("gives the same bytes each time, and a package that opens", async () => {
    const [first, second] = [await digitsPackage(), await digitsPackage()];
    expect(await filesCid(first)).to.equal(await filesCid(second));
    await writePackage(join(root, "digits"), first);
    const { manifest, graph } = await openPackage(join(root, "digits"));
    expect(manifest.name).to.equal("digits");
    expect(graph.inputs[0]?.spec.hi).to.equal(16);
  });

  it("names every node that the proof system cannot prove, before any work is done", async () => {
    const refusals = ["a", "b"].map((node) => ({ node, operator: "gemm", reason: "too wide" }));
    const picky: ProofSystem = {
      ...mockProofs,
      unsupported: () => refusals,
      build: async () => {
        throw new Error("must not be reached");
      },
    };
    const options = {
      onnx: await readFile(new URL("digits.onnx", EXAMPLE)),
      calibration: parseCalibration(await readFile(new URL("calibration.json", EXAMPLE))),
      name: "digits",
      proofSystem: picky,
    };
    const error = await errorOf(buildPackage(options));
    expect(error?.code).to.equal("PROOF_SYSTEM_UNSUPPORTED");
    expect(error?.message).to.contain("a (gemm): too wide; b (gemm): too wide");
    expect(await codeOf(buildPackage({ ...options, name: "" }))).to.equal("PACKAGE_NAME");
    const other = Uint8Array.from([...options.onnx, 0]);
    expect(await codeOf(buildPackage({ ...options, onnx: other }))).to.equal("CALIBRATION_MISMATCH");
  });

  it("gives a model that differs in a name only another manifest, and the same commitments", async () => {
    const read = async (name: string) => {
      const { files } = await buildPackage({
        onnx: await readFile(new URL("digits.onnx", EXAMPLE)),
        calibration: parseCalibration(await readFile(new URL("calibration.json", EXAMPLE))),
        name,
        proofSystem: mockProofs,
      });
      return parseManifest(files.find(({ path }) => path === "manifest.json")?.bytes as Uint8Array);
    };
    const [a, b] = [await read("a"), await read("b")];
    expect({ ...a, name: "" }).to.deep.equal({ ...b, name: "" });
  });

  it("writes all or nothing, replaces nothing, and never outside of its place", async () => {
    const files = [{ path: "a/b", bytes: Uint8Array.of(1) }];
    await mkdir(join(root, "taken"));
    await writeFile(join(root, "taken", "mine"), "precious");
    await writeFile(join(root, "file"), "precious");
    expect(await codeOf(writePackage(join(root, "taken"), files))).to.equal("OUTPUT_EXISTS");
    expect(await codeOf(writePackage(join(root, "file"), files))).to.equal("OUTPUT_EXISTS");
    expect(await codeOf(writePackage(join(root, "file", "below"), files))).to.match(/^OUTPUT_/);
    for (const path of ["../escaped", "/tmp/escaped", "a/../../escaped", ""]) {
      const evil = [...files, { path, bytes: new Uint8Array() }];
      expect(await codeOf(writePackage(join(root, "new"), evil)), path).to.equal("PACKAGE_FILE_REFUSED");
    }
    const twice = [...files, ...files];
    expect(await codeOf(writePackage(join(root, "new"), twice))).to.equal("OUTPUT_UNWRITABLE");
    expect((await readdir(root)).sort()).to.deep.equal(["file", "taken"]);
    expect(await readFile(join(root, "taken", "mine"), "utf8")).to.equal("precious");

    await mkdir(join(root, "empty"));
    await writePackage(join(root, "empty"), files);
    expect([...(await readFile(join(root, "empty/a/b")))]).to.deep.equal([1]);
  });
});

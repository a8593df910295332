// SPDX-License-Identifier: GPL-3.0-or-later
import { createServer, type Server } from "node:http";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { fetchPtau, publishedPtauName } from "../../verifier/proofs/fetch-ptau.ts";
import { writeWhole } from "../../verifier/proofs/files.ts";
import { blake2bHex } from "../../verifier/proofs/ptau.ts";
import { codeOf } from "../helpers/errors.ts";

describe("proofs/fetch-ptau", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) & 255);
  let server: Server;
  let from: string;
  let directory: string;
  let asked: string[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "verigrad-ptau-"));
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      if (request.url?.startsWith("/none/")) return response.writeHead(404).end("no");
      if (request.url?.startsWith("/short/")) {
        response.writeHead(200, { "content-length": bytes.length });
        return response.write(bytes.subarray(0, 5_000), () => response.destroy());
      }
      if (request.url?.startsWith("/endless/")) {
        const more = (): void => {
          while (response.write(new Uint8Array(65_536)));
        };
        response.on("drain", more);
        return more();
      }
      response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });
  beforeEach(() => (asked = []));
  afterEach(async () => {
    for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true });
  });

  it("names the published files by size", async () => {
    expect([8, 14, 28].map(publishedPtauName)).to.deep.equal([
      "powersOfTau28_hez_final_08.ptau",
      "powersOfTau28_hez_final_14.ptau",
      "powersOfTau28_hez_final.ptau",
    ]);
    for (const power of [7, 29, 1.5, NaN])
      expect(await codeOf(fetchPtau(power, join(directory, "p"), { from }))).to.equal("SETUP_PHASE1_MISMATCH");
    expect(asked).to.deep.equal([]);
  });

  it("keeps what has the hash", async () => {
    const expected = await blake2bHex(bytes);
    const shares: (number | undefined)[] = [];
    const onProgress = (_: string, share?: number): unknown => shares.push(share);
    expect(await fetchPtau(8, join(directory, "p"), { from, expected, onProgress })).to.equal(expected);
    expect(shares.at(-1)).to.equal(1);
    expect(asked).to.deep.equal(["/powersOfTau28_hez_final_08.ptau"]);
    expect(new Uint8Array(await readFile(join(directory, "p")))).to.deep.equal(bytes);
    expect(await readdir(directory)).to.deep.equal(["p"]);
  });

  it("leaves nothing of another file, of part of one, of one without end, of none, of one that is stopped", async () => {
    const path = join(directory, "p");
    const expected = await blake2bHex(bytes);
    expect(await codeOf(fetchPtau(8, path, { from }))).to.equal("SETUP_PHASE1_MISMATCH");
    expect(await codeOf(fetchPtau(8, path, { from: `${from}/short`, expected }))).to.equal("PTAU_UNREACHABLE");
    expect(await codeOf(fetchPtau(8, path, { from: `${from}/endless/` }))).to.equal("SETUP_PHASE1_MISMATCH");
    expect(await codeOf(fetchPtau(8, path, { from: `${from}/none` }))).to.equal("PTAU_UNREACHABLE");
    const signal = AbortSignal.abort();
    expect(await codeOf(fetchPtau(8, path, { from, expected, signal }))).to.equal("ABORTED");
    expect(await readdir(directory)).to.deep.equal([]);
  });

  it("a file that cannot be put in its place leaves nothing either", async () => {
    const path = join(directory, "taken");
    await writeWhole(join(path, "inside"), bytes);
    await writeWhole(path, bytes).then(
      () => expect.fail("a directory was replaced"),
      () => undefined,
    );
    expect(await readdir(directory)).to.deep.equal(["taken"]);
  });
});

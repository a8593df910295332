// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { packageCache } from "../../verifier/proofs/package-cache.ts";
import { codeOf } from "../helpers/errors.ts";

describe("package cache", () => {
  let root: string;
  const at = (name: string): string => join(root, name);
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-cache-"));
    for (const name of ["a", "b", "c"]) {
      await mkdir(at(name));
      await writeFile(join(at(name), "file"), name);
    }
  });
  after(() => rm(root, { recursive: true }));

  it("loads once, again when a file has changed, and tells of what leaves", async () => {
    const loads: string[] = [];
    const left: string[] = [];
    const cache = packageCache(
      ["file"],
      async (directory) => {
        loads.push(directory);
        return `${directory} ${loads.length}`;
      },
      { most: 2, dispose: (loaded) => void left.push(loaded) },
    );
    expect(await Promise.all([cache(at("a")), cache(at("a"))])).to.deep.equal([`${at("a")} 1`, `${at("a")} 1`]);
    await cache(at("b"));
    await cache(at("a"));
    expect(loads.length).to.equal(2);
    await cache(at("c"));
    expect(left, "the least recently used").to.deep.equal([`${at("b")} 2`]);
    await writeFile(join(at("a"), "file"), "another length");
    expect(await cache(at("a"))).to.equal(`${at("a")} 4`);
    expect(left).to.deep.equal([`${at("b")} 2`, `${at("a")} 1`]);
  });

  it("tries again what could not be loaded, and names what is missing", async () => {
    let failing = true;
    const cache = packageCache(["file"], async () => {
      if (failing) throw new Error("not now");
      return "loaded";
    });
    expect(await cache(at("b")).catch(String)).to.equal("Error: not now");
    failing = false;
    expect(await cache(at("b"))).to.equal("loaded");
    expect(await codeOf(cache(at("nothing")))).to.equal("PACKAGE_FILE_MISSING");
  });
});

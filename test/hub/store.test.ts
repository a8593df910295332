// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { directoryCid } from "../../verifier/hub/cid.ts";
import { openHub, type Hub } from "../../verifier/hub/store.ts";
import { codeOf } from "../helpers/errors.ts";

describe("the local hub", () => {
  let root: string;
  let source: string;
  let hub: Hub;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-hub-"));
    source = join(root, "source");
    await mkdir(join(source, "setup"), { recursive: true });
    await writeFile(join(source, "manifest.json"), "{}");
    await writeFile(join(source, "setup", "key.bin"), "key");
    hub = await openHub(join(root, "hub"));
  });
  afterEach(() => rm(root, { recursive: true }));

  it("gives back what was added, by CID", async () => {
    const cid = await hub.add(source);
    expect(cid).to.equal(await directoryCid(source));
    expect(await readFile(join(await hub.get(cid), "setup/key.bin"), "utf8")).to.equal("key");
    expect(await hub.list()).to.deep.equal([cid]);
    expect(await hub.add(source), "adding again changes nothing").to.equal(cid);
    expect(await readdir(join(root, "hub/incoming")), "nothing is left behind").to.deep.equal([]);
    await hub.remove(cid);
    expect(await hub.has(cid)).to.equal(false);
    expect(await codeOf(hub.get(cid))).to.equal("PACKAGE_NOT_FOUND");
  });

  it("refuses a package whose bytes are not those of its CID, and keeps nothing of it", async () => {
    const cid = await hub.add(source);
    await hub.remove(cid);
    await writeFile(join(source, "setup", "key.bin"), "other");
    expect(await codeOf(hub.receive(cid, source))).to.equal("PACKAGE_CID_MISMATCH");
    expect(await hub.list()).to.deep.equal([]);
    expect(await readdir(join(root, "hub/incoming"))).to.deep.equal([]);
    await writeFile(join(source, "setup", "key.bin"), "key");
    await hub.receive(cid, source);
    expect(await hub.has(cid)).to.equal(true);
  });

  it("notices a package that was changed on disk, and heals when it is given again", async () => {
    const cid = await hub.add(source);
    await writeFile(join(root, "hub/packages", cid, "manifest.json"), "{ }");
    expect(await codeOf(hub.get(cid))).to.equal("PACKAGE_CID_MISMATCH");
    expect(await hub.add(source)).to.equal(cid);
    expect(await readFile(join(await hub.get(cid), "manifest.json"), "utf8")).to.equal("{}");
  });

  it("makes no path out of anything but a CID", async () => {
    for (const name of ["..", "../source", "/etc", "a/../../b", ""]) {
      expect(await codeOf(hub.get(name)), name).to.equal("CID_INVALID");
      expect(await codeOf(hub.remove(name)), name).to.equal("CID_INVALID");
      expect(await codeOf(hub.receive(name, source)), name).to.equal("CID_INVALID");
    }
    expect(await readFile(join(source, "manifest.json"), "utf8")).to.equal("{}");
  });

  it("takes no links in", async () => {
    await symlink("/etc/passwd", join(source, "passwd"));
    expect(await codeOf(hub.add(source))).to.equal("PACKAGE_FILE_REFUSED");
    expect(await hub.list()).to.deep.equal([]);
  });
});

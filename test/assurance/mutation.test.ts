// SPDX-License-Identifier: GPL-3.0-or-later
// Mutants of a small contract: the operators find them, the weaver puts all of them into one contract, and block.coinbase
// turns on exactly one.
import { expect } from "chai";
import { network } from "hardhat";
import { declarations, type AstNode } from "../../scripts/assurance/ast.ts";
import { mutantsOf, type Mutant } from "../../scripts/assurance/mutants.ts";
import { compile, errorsOf, type SolcInput } from "../../scripts/assurance/solc.ts";
import { modifierTwins, SWITCH_CODE, SWITCH_SOURCE, weave, type Numbered } from "../../scripts/assurance/weave.ts";

const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;
// Not ASCII, so that offsets in bytes and in characters differ: τ
contract Bank {
    uint256 public total;
    uint256 private constant LEAST = 10;
    address private immutable owner = msg.sender;
    modifier onlyOwner() {
        if (msg.sender != owner) revert("owner");
        _;
    }
    function add(uint256 amount) external {
        if (amount < LEAST) revert("least");
        total += amount;
    }
    function clear() external onlyOwner {
        assembly ("memory-safe") {
            sstore(total.slot, add(0, 0))
        }
    }
}
`;
const NAME = "Bank.sol";
const input = (content: string, outputSelection: unknown): SolcInput => ({
  language: "Solidity",
  sources: { [NAME]: { content }, [SWITCH_SOURCE]: { content: SWITCH_CODE } },
  settings: { viaIR: true, optimizer: { enabled: true, runs: 200 }, evmVersion: "osaka", outputSelection },
});

const tree = compile(input(SOURCE, { "*": { "": ["ast"] } }), [NAME]).sources?.[NAME]?.ast as AstNode;
const bytes = Buffer.from(SOURCE, "utf8").toString("latin1");
const mutants: readonly Mutant[] = mutantsOf(NAME, bytes, tree, declarations([tree]));
const numbered: readonly Numbered[] = mutants.map((mutant, i) => ({ id: i + 1, mutant }));

/** The mutant whose name contains this. */
const idOf = (name: string): bigint => {
  const found = numbered.filter(({ mutant }) => mutant.key.includes(name));
  expect(found, name).to.have.length(1);
  return BigInt(found[0]?.id ?? 0);
};

describe("mutation operators", () => {
  it("find every small mistake, and name it", () => {
    expect(mutants.map(({ key }) => key)).to.include.members([
      'Bank.onlyOwner removal: revert("owner") -> (nothing)',
      "Bank.add comparison: amount < LEAST -> amount <= LEAST",
      "Bank.add constant: LEAST -> (LEAST + 1)",
      'Bank.add removal: revert("least") -> (nothing)',
      "Bank.add removal: total += amount -> (nothing)",
      "Bank.add arithmetic: += -> -=",
      "Bank.add arithmetic: += -> =",
      "Bank.clear modifier: onlyOwner -> (nothing)",
      "Bank.clear assembly: sstore(total.slot, add(0, 0)) -> (nothing)",
      "Bank.clear assembly: add -> sub",
      "Bank.clear assembly: 0 -> 1",
      "Bank.clear assembly: 0 -> 1 #2",
    ]);
  });

  it("name each mutant once", () => {
    expect(new Set(mutants.map(({ key }) => key)).size).to.equal(mutants.length);
  });
});

describe("woven mutants", () => {
  it("compile together, and one at a time is on", async () => {
    const edits = modifierTwins(bytes, tree, new Set(declarations([tree]).keys()));
    const woven = Buffer.from(weave(bytes, numbered, edits).source, "latin1").toString("utf8");
    const output = compile(input(woven, { [NAME]: { Bank: ["abi", "evm.bytecode.object"] } }), [NAME]);
    expect(errorsOf(output)).to.deep.equal([]);
    const built = output.contracts?.[NAME]?.["Bank"] as unknown as { abi: []; evm: { bytecode: { object: string } } };

    const { ethers, networkHelpers } = await network.create();
    const [owner, stranger] = await ethers.getSigners();
    if (!owner || !stranger) throw new Error("the simulated network has too few accounts");
    const turnOn = (id: bigint): Promise<void> => networkHelpers.setCoinbase(`0x${id.toString(16).padStart(40, "0")}`);
    const deploy = async () => {
      await turnOn(0n);
      const bank = await new ethers.ContractFactory(built.abi, built.evm.bytecode.object, owner).deploy();
      return {
        add: async (amount: number) => (await bank.getFunction("add").send(amount)).wait(),
        clear: async (from: typeof owner) => (await bank.connect(from).getFunction("clear").send()).wait(),
        total: () => bank.getFunction("total").staticCall() as Promise<bigint>,
      };
    };
    const refuses = async (call: Promise<unknown>): Promise<boolean> =>
      call.then(
        () => false,
        () => true,
      );

    const none = await deploy();
    expect(await refuses(none.add(9))).to.equal(true);
    await none.add(10);
    await none.add(11);
    expect(await none.total()).to.equal(21n);
    expect(await refuses(none.clear(stranger))).to.equal(true);
    await none.clear(owner);
    expect(await none.total()).to.equal(0n);

    const boundary = await deploy();
    await turnOn(idOf("amount < LEAST -> amount <= LEAST"));
    expect(await refuses(boundary.add(10))).to.equal(true);
    await boundary.add(11);

    const unguarded = await deploy();
    await turnOn(idOf('revert("least") ->'));
    await unguarded.add(9);
    expect(await unguarded.total()).to.equal(9n);
    await turnOn(idOf("add arithmetic: += -> ="));
    await unguarded.add(12);
    expect(await unguarded.total()).to.equal(12n);
    await turnOn(idOf("assembly: 0 -> 1 #2"));
    await unguarded.clear(owner);
    expect(await unguarded.total()).to.equal(1n);
    await turnOn(idOf("clear modifier: onlyOwner"));
    await unguarded.clear(stranger);
    expect(await unguarded.total()).to.equal(0n);
  });
});

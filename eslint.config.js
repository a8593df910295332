// SPDX-License-Identifier: GPL-3.0-or-later
import tseslint from "typescript-eslint";

/** Modules that only one folder may import; everywhere else they are banned (docs/architecture.md). */
const OWNERS = {
  ethers: ["verifier/chain"],
  snarkjs: ["verifier/proofs"],
  ffjavascript: ["verifier/proofs"],
  circom2: ["verifier/proofs"],
  circomlibjs: ["verifier/proofs"],
  "onnxruntime-node": ["verifier/calibrate"],
  protobufjs: ["verifier/onnx"],
};

/** Folders that must stay pure: no files, no network, no processes, no clock-dependent modules. */
const PURE = ["verifier/tensor", "verifier/onnx", "verifier/graph"];

const bans = (folder) =>
  Object.entries(OWNERS)
    .filter(([, owners]) => !owners.includes(folder))
    .map(([name, owners]) => ({ name, message: `only ${owners.join(", ")} may import ${name}` }));

const folders = [
  "verifier/tensor",
  "verifier/onnx",
  "verifier/graph",
  "verifier/calibrate",
  "verifier/proofs",
  "verifier/hub",
  "verifier/compile",
  "verifier/chain",
  "verifier/node",
  "verifier/audit",
  "verifier/sdk",
  "verifier/cli",
];

export default tseslint.config(
  { ignores: ["node_modules", ".toolchain", "artifacts", "cache", "dist", "types", "coverage", "kernels"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/require-await": "off",
      eqeqeq: "error",
      "no-console": "off",
    },
  },
  ...folders.map((folder) => ({
    files: [`${folder}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: bans(folder),
          patterns: [
            ...(PURE.includes(folder)
              ? [{ group: ["node:*"], message: "pure folders do no I/O: pass the data in" }]
              : []),
          ],
        },
      ],
      ...(folder === "verifier/cli"
        ? {}
        : {
            "no-restricted-properties": [
              "error",
              { object: "process", property: "env", message: "only verifier/cli reads the environment" },
              { object: "process", property: "argv", message: "only verifier/cli reads the arguments" },
            ],
          }),
    },
  })),
  {
    // chai's property assertions are expressions
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
    },
  },
);

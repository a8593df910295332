// SPDX-License-Identifier: GPL-3.0-or-later
// Who may import whom (docs/architecture.md): cli -> node, audit, sdk, compile, calibrate -> chain, hub, proofs -> graph -> onnx -> tensor.
const LAYERS = [
  ["tensor"],
  ["onnx"],
  ["graph"],
  ["chain", "hub", "proofs"],
  ["calibrate", "compile"],
  ["node", "audit", "sdk"],
  ["cli"],
];

/** A folder may import itself and lower layers; everything may import verifier/errors.ts and verifier/hash.ts. */
const layering = LAYERS.flatMap((layer, level) =>
  layer.map((folder) => {
    const above = LAYERS.slice(level + 1).flat();
    const beside = layer.filter((other) => other !== folder);
    const banned = [...above, ...(folder === "compile" || level === 3 ? [] : beside)];
    return {
      name: `layers-${folder}`,
      severity: "error",
      from: { path: `^verifier/${folder}/` },
      to: { path: banned.length === 0 ? "^$" : `^verifier/(${banned.join("|")})/` },
    };
  }),
);

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: { path: "^(verifier|scripts)" }, to: { circular: true } },
    {
      name: "no-orphans-in-product",
      severity: "error",
      from: { orphan: true, path: "^verifier/", pathNot: "(main|worker)\\.ts$" },
      to: {},
    },
    { name: "product-needs-no-tests", severity: "error", from: { path: "^verifier/" }, to: { path: "^(test|bench)/" } },
    {
      name: "product-needs-no-dev-dependencies",
      severity: "error",
      from: { path: "^verifier/" },
      to: { dependencyTypes: ["npm-dev"] },
    },
    ...layering,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};

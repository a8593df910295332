// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import protobuf from "protobufjs";
import { SCHEMA } from "../../verifier/onnx/schema.ts";
import { root } from "./model.ts";

/** Every message under a namespace, with its name relative to package onnx. */
function messages(parent: protobuf.NamespaceBase, prefix: string): [string, protobuf.Type][] {
  return parent.nestedArray.flatMap((nested): [string, protobuf.Type][] =>
    nested instanceof protobuf.Type
      ? [[prefix + nested.name, nested], ...messages(nested, `${prefix}${nested.name}.`)]
      : [],
  );
}

describe("onnx/schema", () => {
  it("is onnx.proto, field by field", () => {
    const onnx = root.lookup("onnx") as protobuf.NamespaceBase;
    const table = Object.fromEntries(
      messages(onnx, "").map(([name, type]) => [
        name,
        Object.fromEntries(
          type.fieldsArray.map((field) => {
            const of = field.resolve().resolvedType?.fullName.replace(".onnx.", "") ?? field.type;
            return [field.id, field.repeated ? [field.name, of, "repeated"] : [field.name, of]];
          }),
        ),
      ]),
    );
    expect(SCHEMA).to.deep.equal(table);
  });
});

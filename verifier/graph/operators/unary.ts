// SPDX-License-Identifier: GPL-3.0-or-later
// Operators of ONNX that are functions of one value, by a table. Every export is an operator of that name.
import { tabulated, type Parameters } from "./tabulated.ts";
import { refuse, type Choice, type NodeView } from "./types.ts";

export const Acos = tabulated("acos");
export const Acosh = tabulated("acosh");
export const Asin = tabulated("asin");
export const Asinh = tabulated("asinh");
export const Atan = tabulated("atan");
export const Atanh = tabulated("atanh");
export const Cos = tabulated("cos");
export const Cosh = tabulated("cosh");
export const Erf = tabulated("erf");
export const Exp = tabulated("exp");
export const Log = tabulated("log");
export const Mish = tabulated("mish");
export const Reciprocal = tabulated("reciprocal");
export const Sigmoid = tabulated("sigmoid");
export const Sin = tabulated("sin");
export const Sinh = tabulated("sinh");
export const Softplus = tabulated("softplus");
export const Softsign = tabulated("softsign");
export const Sqrt = tabulated("sqrt");
export const Tan = tabulated("tan");
export const Tanh = tabulated("tanh");

const alpha =
  (fallback: number) =>
  (view: NodeView): Parameters => ({ alpha: view.float("alpha", fallback) });

export const Celu = tabulated("celu", alpha(1));
export const Elu = tabulated("elu", alpha(1));
export const Swish = tabulated("swish", alpha(1));
export const Selu = tabulated("selu", (view) => ({
  alpha: view.float("alpha", 1.67326319217681884765625),
  gamma: view.float("gamma", 1.05070102214813232421875),
}));

const gelu = tabulated("gelu");
const geluTanh = tabulated("geluTanh");

export const Gelu: Choice = (view) => {
  const attribute = view.attribute("approximate");
  if (attribute === undefined || attribute.value === "none") return gelu;
  if (attribute.value === "tanh") return geluTanh;
  return refuse(`attribute approximate; accepted: "none", "tanh"`);
};

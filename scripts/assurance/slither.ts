// SPDX-License-Identifier: GPL-3.0-or-later
// Slither's report, as far as this repository reads it. Pure.

interface Element {
  readonly type: string;
  readonly name: string;
  readonly type_specific_fields?: { readonly parent?: Element };
}

export interface SlitherReport {
  readonly success: boolean;
  readonly error: string | null;
  readonly results: {
    readonly detectors?: readonly {
      readonly check: string;
      readonly impact: string;
      readonly description: string;
      readonly elements: readonly Element[];
    }[];
  };
}

export interface SlitherFinding {
  /** `check: Contract.function: statement`; a finding about no function names its contract or variable. */
  readonly key: string;
  readonly impact: string;
  readonly description: string;
}

const IMPACTS = new Set(["High", "Medium"]);

function place(element: Element | undefined): string {
  if (element === undefined) return "";
  const parent = place(element.type_specific_fields?.parent);
  if (element.type === "node") return `${parent}: ${element.name}`;
  return parent === "" ? element.name : `${parent}.${element.name}`;
}

/**
 * The findings that have to be explained.
 * @throws Error if Slither itself failed: no findings would then say nothing
 */
export function slitherFindings(report: SlitherReport): readonly SlitherFinding[] {
  if (!report.success) throw new Error(`Slither failed: ${report.error}`);
  return (report.results.detectors ?? [])
    .filter(({ impact }) => IMPACTS.has(impact))
    .map(({ check, impact, description, elements }) => {
      // The statement, if there is one, is more exact than the function around it.
      const [first] = elements;
      const statement = elements.find(({ type }) => type === "node") ?? first;
      return { key: `${check}: ${place(statement).replace(/\s+/g, " ")}`, impact, description: description.trim() };
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

// SPDX-License-Identifier: GPL-3.0-or-later
// When measured numbers fail a build. Pure.

export type Numbers = Readonly<Record<string, number>>;

/** Share by which a number may leave its snapshot, up or down: down too, so that a snapshot says what is so. */
export const TOLERANCE = 0.02;

/** A line for each number that left the snapshot, is new to it, or is gone. */
export function drift(snapshot: Numbers, measured: Numbers): string[] {
  const names = new Set([...Object.keys(snapshot), ...Object.keys(measured)]);
  return [...names].flatMap((name) => {
    const [before, now] = [snapshot[name], measured[name]];
    const close = before !== undefined && now !== undefined && Math.abs(now - before) <= TOLERANCE * before;
    return close ? [] : [`${name}: ${before ?? "not"} in the snapshot, ${now ?? "not measured"} now`];
  });
}

/** A line for each number that is above its limit, or has a limit and was not measured. */
export function excess(limits: Numbers, measured: Numbers): string[] {
  return Object.entries(limits).flatMap(([name, limit]) =>
    (measured[name] ?? Number.POSITIVE_INFINITY) <= limit
      ? []
      : [`${name}: ${measured[name] ?? "not measured"} is above its limit of ${limit}`],
  );
}

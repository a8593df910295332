// SPDX-License-Identifier: GPL-3.0-or-later

const MAX_LENGTH = 512;

/**
 * Whether a name may pass from a stranger's model into messages, reports and emitted circuits: no control or format
 * characters, no line or paragraph separators, no lone surrogates, at most 512 UTF-16 units.
 */
export function isPlainName(name: string): boolean {
  return name.length <= MAX_LENGTH && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name);
}

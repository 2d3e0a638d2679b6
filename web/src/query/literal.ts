//! Turning what people type into a form field into a TraceQL literal, and durations into ns.

import { quote } from "./tokens";

const UNIT_NS: Record<string, number> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 };

/** ns, or null when the text is no duration. `1.5s`, `1h30m`, `250 ms`; a bare number counts as ms. */
export function parseDuration(text: string): number | null {
  const compact = text.trim().replace(/\s+/g, "");
  if (/^\d+(\.\d+)?$/.test(compact)) return Number(compact) * 1e6;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(compact)) return null;
  let total = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) total += Number(amount) * UNIT_NS[unit!]!;
  return total;
}

/** A duration the way TraceQL takes it, in the largest unit that needs no more than three decimals. */
export function durationLiteral(ns: number): string {
  for (const [unit, size] of [["h", 3600e9], ["m", 60e9], ["s", 1e9], ["ms", 1e6], ["us", 1e3]] as const) {
    if (ns >= size && Math.abs(Math.round((ns / size) * 1000) - (ns / size) * 1000) < 1e-6) return `${Number((ns / size).toFixed(3))}${unit}`;
  }
  return `${Math.round(ns)}ns`;
}

/** Numbers and booleans stand bare, everything else is quoted; text already in quotes stays. */
export function valueLiteral(text: string): string {
  const trimmed = text.trim();
  if (/^(".*"|`.*`)$/s.test(trimmed)) return trimmed;
  if (/^-?\d+(\.\d+)?$/.test(trimmed) || trimmed === "true" || trimmed === "false" || trimmed === "nil") return trimmed;
  return quote(trimmed);
}

/** Text that may be meant as a number or a boolean. */
export const typedValue = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text) || text === "true" || text === "false";

/** By the type that the catalogue of values reports. */
export function typedLiteral(type: string, value: string | number | boolean): string {
  return type === "int" || type === "double" || type === "bool" || type === "keyword" ? String(value) : quote(String(value));
}

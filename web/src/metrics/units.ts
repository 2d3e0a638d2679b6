//! How figures of a unit read, and round values for an axis of them.

import type { Unit } from "../api/types";
import { formatDuration } from "../model/format";

/** Four digits that matter: `1.234`, `12.3k`. */
function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2);
  for (const [at, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]] as const) if (size >= at) return `${Number((value / (name === "k" ? 1e3 : at)).toPrecision(4))}${name}`;
  return String(Number(value.toPrecision(4)));
}

export function formatFigure(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (unit === "s") return formatDuration(value * 1e9);
  return unit === "/s" ? `${short(value)}/s` : short(value);
}

/** Whole steps of an axis over these values, from a step below to one above. */
export function figureTicks(low: number, high: number, unit: Unit, count: number): number[] {
  const range = high - low;
  if (!(range > 0) || !Number.isFinite(range)) return [low, low + 1];
  const rough = range / count;
  // Minutes and hours have other round numbers.
  const size = unit === "s" && rough >= 30 ? (rough >= 1800 ? 3600 : 60) : 1;
  const power = 10 ** Math.floor(Math.log10(rough / size));
  const step = size * power * [1, 2, 5, 10].find((factor) => factor * power * size >= rough * 0.999)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

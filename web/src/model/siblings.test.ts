// Siblings that are alike stand in one row until they are asked for.
import { expect, it } from "vitest";
import { assembleTraces } from "./assemble";
import { fileSpan } from "./fixtures";
import { findRuns } from "./siblings";
import { TraceModel } from "./TraceModel";

function modelOf(count: number, failed: number[] = []): TraceModel {
  const rows = Array.from({ length: count }, (_, i) => fileSpan({ id: (i + 16).toString(16), parent: "1", name: "SELECT", start: i + 1, error: failed.includes(i) }));
  const trace = assembleTraces([fileSpan({ id: "1", name: "root", length: 1000 }), ...rows, fileSpan({ id: "2", parent: "1", name: "last", start: 900 })])[0]!;
  return new TraceModel(trace);
}
const visible = (model: TraceModel): number[] => [...model.visible.subarray(0, model.visibleCount)];

it("finds runs of ten and more", () => {
  expect([...findRuns(modelOf(12).columns)].filter((length) => length > 0)).toEqual([12]);
  expect([...findRuns(modelOf(9).columns)].some((length) => length > 0)).toBe(false);
});

it("shows a run as one row, and all of it when asked", () => {
  const model = modelOf(12);
  expect(visible(model)).toEqual([0, 1, 13]);
  expect(model.runLength(1)).toBe(12);
  model.openRun(1);
  expect(model.visibleCount).toBe(14);
  expect(model.runLength(1)).toBe(0);
});

it("never hides what failed", () => {
  const model = modelOf(30, [14]);
  expect(visible(model)).toEqual([0, 1, 15, 16, 31]);
});

it("opens a run for a row that must be seen, for a match, and for all", () => {
  const model = modelOf(12);
  model.reveal(5);
  expect(model.positionOf(5)).toBeGreaterThan(0);
  const other = modelOf(12);
  other.setMatches(Uint32Array.of(7));
  other.setMatchesOnly(true);
  expect(visible(other)).toEqual([0, 7]);
  const third = modelOf(12);
  third.expandAll();
  expect(third.visibleCount).toBe(14);
});

// Folds outlive the arrival of more spans.
import { expect, it } from "vitest";
import { assembleTraces } from "./assemble";
import { carryFolds } from "./carryFolds";
import { fileSpan } from "./fixtures";
import { TraceModel } from "./TraceModel";

const SPANS = () => [
  fileSpan({ id: "1", name: "root", start: 10, length: 100 }), fileSpan({ id: "2", parent: "1", name: "a", start: 20, length: 10 }), fileSpan({ id: "3", parent: "2", name: "b", start: 21 }),
  fileSpan({ id: "4", parent: "1", name: "c", start: 40, length: 10 }), fileSpan({ id: "5", parent: "4", name: "d", start: 41 }),
];
const names = (model: TraceModel): string[] => [...model.visible.subarray(0, model.visibleCount)].map((row) => model.spanName(row));

it("keeps what was folded by hand, also when the trace begins earlier than it did", () => {
  const before = new TraceModel(assembleTraces(SPANS())[0]!);
  before.toggle(1);
  expect(names(before)).toEqual(["root", "a", "c", "d"]);
  const after = new TraceModel(assembleTraces([...SPANS(), fileSpan({ id: "6", parent: "1", name: "early", start: 0 }), fileSpan({ id: "7", parent: "2", name: "more", start: 25 })])[0]!);
  expect(carryFolds(before, after)).toBe(true);
  expect(names(after)).toEqual(["root", "early", "a", "c", "d"]);
});

it("leaves a trace alone that nobody has folded", () => {
  const before = new TraceModel(assembleTraces(SPANS())[0]!);
  expect(carryFolds(before, new TraceModel(assembleTraces(SPANS())[0]!))).toBe(false);
});

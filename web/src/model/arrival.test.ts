// Who looks at a trace while its services still send it must not be told that
// something was lost.
import { expect, it } from "vitest";
import { isArriving, isYoung } from "./arrival";

const startMs = 1_700_000_000_000;
const traceOf = (orphanCount: number) => ({ startNs: `${startMs}000000`, durationNs: "2000000000", orphanCount });

it.each([
  [1, 59, true],
  [1, 61, false],
  [0, 1, false],
])("%d missing parents, %d s after the end: arriving is %s", (orphanCount, seconds, arriving) => {
  expect(isArriving(traceOf(orphanCount), startMs + 2_000 + seconds * 1000)).toBe(arriving);
});

it.each([
  [0, 170, true],
  [1, 170, true],
  [0, 190, false],
])("%d missing parents, %d s after the end: young is %s", (orphanCount, seconds, young) => {
  expect(isYoung(traceOf(orphanCount), startMs + 2_000 + seconds * 1000)).toBe(young);
});

// Who looks at a trace while its services still send it must not be told that
// something was lost.
import { expect, it } from "vitest";
import { isArriving } from "./arrival";

it.each([
  [1, 59, true],
  [1, 61, false],
  [0, 1, false],
])("%d missing parents, %d s after the end: %s", (orphanCount, seconds, arriving) => {
  const startMs = 1_700_000_000_000;
  const trace = { startNs: `${startMs}000000`, durationNs: "2000000000", orphanCount };
  expect(isArriving(trace, startMs + 2_000 + seconds * 1000)).toBe(arriving);
});

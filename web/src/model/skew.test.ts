// Clocks that disagree: what is said, and where spans would lie if they agreed.
import { expect, it } from "vitest";
import { emptyColumns } from "./columns";
import { findSkew } from "./skew";

/** Rows are [parent, service, start, duration]. */
function skewOf(rows: [number, number, number, number][]) {
  const columns = emptyColumns(rows.length);
  const parent = Int32Array.from(rows.map(([above]) => above));
  rows.forEach(([, service, start, duration], row) => {
    columns.service[row] = service;
    columns.start[row] = start;
    columns.duration[row] = duration;
  });
  const skew = findSkew(columns, parent);
  return skew && { count: skew.count, mostNs: skew.mostNs, start: [...skew.start] };
}

it("finds nothing where children start after their parents", () => {
  expect(skewOf([[-1, 0, 0, 100], [0, 1, 10, 200], [1, 1, 20, 5]])).toBeNull();
});

it("centres a span that started before its caller, and what is below moves along", () => {
  expect(skewOf([[-1, 0, 5000, 50], [0, 1, 0, 30], [1, 1, 5, 10], [1, 2, 8, 2]])).toEqual({ count: 2, mostNs: 5010 - 8, start: [5000, 5010, 5015, 5024] });
});

it("leaves a span alone that starts before its parent in the same service", () => {
  expect(skewOf([[-1, 0, 10, 50], [0, 0, 0, 30]])).toBeNull();
});

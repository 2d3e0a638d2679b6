import { describe, expect, it } from "vitest";
import { PathByRow } from "./explanation";

describe("the critical path by row", () => {
  const path = new PathByRow([[1, 0, 10], [0, 10, 11], [1, 11, 20], [0, 20, 50], [2, 50, 90]], 4);

  it("has the parts of each row in the order of time", () => {
    expect(path.parts(0, 0)).toEqual([[10, 11], [20, 50]]);
    expect(path.parts(1, 0)).toEqual([[0, 10], [11, 20]]);
    expect(path.parts(3, 0)).toEqual([]);
    expect([0, 1, 2, 3].map((row) => path.has(row))).toEqual([true, true, true, false]);
    expect([0, 1, 2, 3].map((row) => path.criticalNs(row))).toEqual([31, 19, 40, 0]);
  });

  it("joins parts that cannot be told apart on screen", () => {
    expect(path.parts(1, 1)).toEqual([[0, 20]]);
  });
});

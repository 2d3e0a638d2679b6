// Which queries make series, told by their words.
import { describe, expect, it } from "vitest";
import { EXAMPLES } from "./examples";
import { kindOf } from "./kind";

describe("the kind of a query", () => {
  it.each(["{ } | rate()", "{ .rate > 1 } | count_over_time() by (name)", "({ error } | rate()) / ({ } | rate())", "{ } | compare({ error })", "{ name = \"}\" } | rate()"])("%s makes series", (query) => expect(kindOf(query)).toBe("metrics"));
  it.each(["{}", "", "checkout", "{ rate(1) }", '{ name = "| rate()" }', "{ } | by(.rate) | count() > 2", "{ } | rate", "{ } | constructor()"])("%s finds traces", (query) => expect(kindOf(query)).toBe("search"));
  it("of an example is that of its group", () => {
    for (const { group, examples } of EXAMPLES) for (const { query } of examples) expect([query, kindOf(query)]).toEqual([query, group === "Figures over time" ? "metrics" : "search"]);
  });
});

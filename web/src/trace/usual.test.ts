// The percentile of a span against its own operation: what is asked, and how it is said.
import { describe, expect, it } from "vitest";
import { fileSpan } from "../model/fixtures";
import { questionOf, rankText } from "./usual";

describe("what is asked", () => {
  const { detail } = fileSpan({ id: "1", name: 'GET "x"', length: 5 });

  it("is of its own service, name and kind, in the hour before the trace ended", () => {
    expect(questionOf(detail, "shop", Date.UTC(2026, 10, 30, 12, 0, 0))).toEqual({
      all: '{ resource.service.name = "shop" && name = "GET \\"x\\"" && kind = server }',
      faster: '{ resource.service.name = "shop" && name = "GET \\"x\\"" && kind = server && duration < 5000000ns }',
      from: "2026-11-30T11:00:00.000Z",
      to: "2026-11-30T12:00:00.001Z",
    });
  });

  it("is nothing for a span of no service", () => {
    expect(questionOf(detail, "", 0)).toBeNull();
  });
});

describe("what is said", () => {
  it.each([
    [1, 0, "no other span of this operation in the hour before: too few to compare"],
    [8, 7, "only 7 other spans of this operation in the hour before: too few to compare"],
    [1001, 993, "slower than 99 % of 1,000 others in the hour before"],
    [1001, 1000, "slower than all of 1,000 others in the hour before"],
    [1001, 0, "no slower than any of 1,000 others in the hour before"],
    [1001, 4, "slower than less than 1 % of 1,000 others in the hour before"],
  ])("%i spans, %i faster", (spans, faster, text) => {
    expect(rankText({ spans, faster, partial: null })).toBe(text);
  });

  it("does not hide that it stopped counting", () => {
    expect(rankText({ spans: 101, faster: 50, partial: "the time was over" })).toBe("slower than 50 % of 100 others in the hour before (not all were counted: the time was over)");
  });
});

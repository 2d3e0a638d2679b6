//! What a person is told before the picture is believed.

import { expect, it } from "vitest";
import { completeness } from "./Notices";

const whole = { n: 3, orphanCount: 0, cycleCount: 0, warnings: [] };

it("says of a trace that waits that it is not stored yet, and how much of it", () => {
  const said = (waitingCount?: number): string[] => completeness({ header: { ...whole, waitingCount }, rootCount: 1, stored: true });
  expect(said(3)).toEqual(["the trace waits for a sampling decision: not stored yet, and gone if the trace is not sampled"]);
  expect(said(2)[0]).toMatch(/^2 spans wait for a sampling decision/);
  expect(said(1)[0]).toMatch(/^1 span waits for a sampling decision/);
  expect(said(0)).toEqual([]);
  expect(said()).toEqual([]);
});

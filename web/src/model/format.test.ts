// Numbers as people read them, and colours that stay apart.
import { expect, it } from "vitest";
import { axisFormatter, axisTicks, formatAgo, formatBytes, formatDuration, stepOf } from "./format";
import { assignColours, colourOf, PALETTE_SIZE } from "./palette";

it.each([
  [0, "0 ns"],
  [7, "7 ns"],
  [1_500, "1.5 µs"],
  [12_345_678, "12.3 ms"],
  [999_400_000, "999 ms"],
  [1_240_000_000, "1.24 s"],
  [61e9, "1m 1s"],
  [3600e9, "1h"],
  [90_061e9, "1d 1h"],
  [-1_500, "-1.5 µs"],
])("%d ns is %s", (ns, text) => expect(formatDuration(ns)).toBe(text));

it.each([
  [500, "500 B"],
  [1_234, "1.23 KB"],
  [45e6, "45 MB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [0, "just now"],
  [45, "45 s ago"],
  [200, "3 min ago"],
  [90_000, "1 day ago"],
  [-60, "in the future"],
])("%d s before now is %s", (seconds, text) => expect(formatAgo(1e12, 1e12 + seconds * 1000)).toBe(text));

it("puts axis labels at round times, all in one unit", () => {
  const ticks = axisTicks(0, 181e6, 5);
  const label = axisFormatter(181e6, 50e6);
  expect(ticks.map(label)).toEqual(["0 ms", "50 ms", "100 ms", "150 ms"]);
  expect(axisTicks(0, 0, 5)).toEqual([]);
  for (const range of [10, 1e4, 3e8, 7e9, 2e12, 9e14]) {
    const count = axisTicks(5, 5 + range, 8).length;
    expect(count, `${range}`).toBeGreaterThan(2);
    expect(count, `${range}`).toBeLessThan(20);
  }
});

it.each([
  [0, 181e6],
  [1_500_000_000, 1_500_000_040],
  [123_456_789_000, 123_456_789_900],
  [0, 7200e9],
  [3600e9, 3600e9 + 90e9],
  [86_399e9, 86_400e9],
  [5, 12],
])("labels of the axis from %d to %d ns differ", (from, to) => {
  const ticks = axisTicks(from, to, 8);
  const label = axisFormatter(to, stepOf(ticks, to - from));
  const labels = ticks.map(label);
  expect(labels.length).toBeGreaterThan(2);
  expect(new Set(labels).size, labels.join()).toBe(labels.length);
});

it("gives services of one trace different colours, and a service the same one everywhere", () => {
  const services = Array.from({ length: PALETTE_SIZE }, (_, i) => `service-${i}`);
  expect(new Set(assignColours(services)).size).toBe(PALETTE_SIZE);
  expect(assignColours(["cart"])).toEqual([colourOf("cart")]);
  expect(assignColours([...services, "one-more"])).toHaveLength(PALETTE_SIZE + 1);
});

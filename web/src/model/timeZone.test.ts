// Times in zones: shown, and read back, across the change of the clocks.
import { afterEach, expect, it } from "vitest";
import { formatTime } from "./format";
import { resolveTime } from "./timeRange";
import { isZone, wallMs, zone } from "./timeZone";

afterEach(() => void (zone.value = "local"));

it.each([
  ["UTC", "2026-07-01 12:00:00.250"],
  ["Europe/Berlin", "2026-07-01 14:00:00.250"],
  ["America/New_York", "2026-07-01 08:00:00.250"],
  ["Asia/Kolkata", "2026-07-01 17:30:00.250"],
  ["Pacific/Auckland", "2026-07-02 00:00:00.250"],
])("in %s", (name, text) => {
  zone.value = name;
  const ms = Date.UTC(2026, 6, 1, 12, 0, 0, 250);
  expect(formatTime(ms)).toBe(text);
  expect(resolveTime(text, 0)).toBe(ms);
});

it.each(["local", "UTC", "Europe/Berlin"])("has no clock for what is no time, in %s", (name) => {
  zone.value = name;
  for (const ms of [NaN, Infinity, -Infinity, 9e15]) {
    expect(wallMs(ms)).toBe(ms);
    expect(formatTime(ms)).toBe("unknown time");
  }
});

it("reads every hour of a year back as it was shown", () => {
  zone.value = "Europe/Berlin";
  let twice = 0;
  for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 3_600_000) if (resolveTime(formatTime(ms), 0) !== ms) twice++;
  // The hour that the clocks show twice is read as the first.
  expect(twice).toBeLessThanOrEqual(1);
});

it("takes an offset in the text as it is", () => {
  zone.value = "Asia/Kolkata";
  expect(resolveTime("2026-07-01T12:00:00Z", 0)).toBe(Date.UTC(2026, 6, 1, 12));
  expect(resolveTime("2026-07-01T12:00:00+02:00", 0)).toBe(Date.UTC(2026, 6, 1, 10));
});

it("knows zones", () => expect(["local", "UTC", "Europe/Berlin", "Mars/Base", ""].map(isZone)).toEqual([true, true, true, false, false]));

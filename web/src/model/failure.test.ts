// The cases of ADR 010, which the server's tests read as well.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isFailed } from "./failure";
import { fileSpan } from "./fixtures";

const rows = readFileSync("../docs/adr/010-what-failed.md", "utf8")
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
  .filter((cells) => cells.length === 5 && (cells[3] === "yes" || cells[3] === "no"));

describe("what failed", () => {
  it("has cases", () => expect(rows.length).toBeGreaterThan(40));
  it.each(rows)("|%s| %s | %s | %s", (_, status, has, failed) => {
    const { detail } = fileSpan({ id: "a" });
    detail.statusCode = status as typeof detail.statusCode;
    const [, place, key, literal] = /^(\w+)\.(\S+) = (.*)$/.exec(has!) ?? [];
    const event = /^event (\w+)$/.exec(has!)?.[1];
    const attribute = { key: key ?? "", type: "string" as const, value: (literal ?? "").replaceAll('"', "") };
    if (place === "span") detail.attributes.push(attribute);
    if (place === "resource") detail.resource.attributes.push(attribute);
    if (place === "event" || event !== undefined) {
      const attributes = place === "event" ? [attribute] : [];
      detail.events.push({ name: event ?? "log", timeNs: "0", offsetNs: "0", attributes, droppedAttributes: 0 });
    }
    expect(isFailed(detail)).toBe(failed === "yes");
  });
});

// The cases of ADR 012, which the server's tests read as well.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FileSpan } from "./fileSpan";
import { fileSpan } from "./fixtures";
import { arrange, type Placed } from "./tree";

const table = readFileSync("../docs/adr/012-root-and-parents.md", "utf8").split("| spans by start |")[1]!;
const rows = table
  .split("\n")
  .slice(2)
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));

function parse(text: string, place: number): FileSpan {
  const span = fileSpan({ id: text[0]!, start: place });
  const { detail } = span;
  const pad = (id: string): string => id.padStart(16, "0");
  detail.kind = "internal";
  for (const [, mark, word] of text.matchAll(/(\^\^|[=/<^~])(\w+)/g)) {
    if (mark === "=") detail.spanId = pad(word!);
    else if (mark === "/") detail.kind = word!;
    else if (mark === "<") detail.parentSpanId = pad(word!);
    else
      detail.links.push({
        traceId: mark === "^^" ? "1".repeat(32) : span.traceId,
        spanId: pad(word!),
        traceState: "",
        attributes: [{ key: "opentracing.ref_type", type: "string", value: mark === "~" ? "follows_from" : "child_of" }],
      });
  }
  return span;
}

function drawn(placed: readonly Placed[]): string {
  let text = "";
  let above = 0;
  placed.forEach(({ span, depth }, place) => {
    if (place > 0) text += depth > above ? "(" : `${")".repeat(above - depth)} `;
    text += span.detail.name;
    above = depth;
  });
  return text + ")".repeat(above);
}

describe("root and parents", () => {
  it("has cases", () => expect(rows.length).toBeGreaterThan(25));
  it.each(rows)("|%s| %s → %s", (_, spans, tree, root, orphans, cut) => {
    const found = arrange(spans!.split(" ").map(parse));
    const names = (odd: "orphan" | "cycle"): string =>
      found.placed
        .filter((placed) => placed[odd])
        .map(({ span }) => span.detail.name)
        .join(" ");
    expect([drawn(found.placed), found.root?.detail.name ?? "", names("orphan"), names("cycle")]).toEqual([tree, root, orphans, cut]);
  });
});

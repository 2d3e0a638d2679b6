//! What people type who do not write queries: words, `key=value`, a trace id. It turns each into what
//! it obviously means, and leaves everything that looks like a query alone.

import { type Condition, compare, equalsText, escaped, toQuery } from "./conditions";
import { typedValue, valueLiteral } from "./literal";
import { attributeField, quote } from "./tokens";

const TRACE_ID = /^(0x)?([0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/** The text as a trace id, when it is nothing else. */
export const pastedTraceId = (text: string): string | null => (TRACE_ID.test(text.trim()) ? text.trim() : null);

/** A query for a text that is none, or null for a text that is one (or wants to be). */
export function plainQuery(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === "" || /^[{(]|[{}|&]/.test(trimmed)) return null;
  const conditions: Condition[] = [];
  const words: string[] = [];
  for (const [part, key, op, quoted, bare] of trimmed.matchAll(/([^\s="!<>~]+)(=|!=|>=|<=|>|<)(?:"((?:[^"\\]|\\.)*)"|(\S+))|"[^"]*"|\S+/g)) {
    if (key === undefined) words.push(part.replace(/^"|"$/g, ""));
    else conditions.push(pair(key, op!, quoted, bare));
  }
  if (words.length > 0) conditions.push(mentions(words.join(" ")));
  return toQuery(conditions);
}

const INTRINSIC = new Set(["name", "status", "kind", "duration", "traceDuration", "rootName", "rootServiceName"]);

function pair(key: string, op: string, quoted: string | undefined, bare: string | undefined): Condition {
  if (key === "service" || key === "service.name") return compare("resource.service.name", op, quote(quoted ?? bare!));
  if (key === "name") return compare(key, op, quote(quoted ?? bare!));
  if (INTRINSIC.has(key)) return compare(key, op, bare ?? quote(quoted!));
  const field = /^(span|resource|event|link)?\./.test(key) ? key : attributeField("", key);
  if (op === "=" && bare !== undefined && typedValue(bare)) return equalsText(field, bare);
  return compare(field, op, quoted === undefined ? valueLiteral(bare!) : quote(quoted));
}

/** A span or a service whose name has the words in it. */
function mentions(words: string): Condition {
  const pattern = quote(`(?i).*${escaped(words)}.*`);
  return { text: `(name =~ ${pattern} || resource.service.name =~ ${pattern})` };
}

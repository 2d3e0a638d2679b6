//! The two-way street between query text and the form's chips: a query of the shape
//! `{ a && b && c }` is a list of conditions, one chip each. Anything else stays text only.

import { typedValue } from "./literal";
import { quote, type Token, tokenize, unquote } from "./tokens";

export interface Comparison {
  field: string;
  op: string;
  /** As written, with quotes. */
  literal: string;
}

/** `comparison` is absent for a part that is no simple comparison, such as `(a || b)`. */
export interface Condition {
  text: string;
  comparison?: Comparison;
}

/** The conditions of a single filter, or null when the text is something else. */
export function parseConditions(query: string): Condition[] | null {
  const tokens = tokenize(query).filter(({ kind }) => kind !== "space");
  if (tokens.length === 0) return [];
  if (tokens[0]!.text !== "{" || tokens[tokens.length - 1]!.text !== "}") return null;
  const inner = tokens.slice(1, -1);
  if (inner.some(({ kind }) => kind === "brace")) return null;
  if (inner.length === 0 || (inner.length === 1 && inner[0]!.text === "true")) return [];
  const parts = splitAtAnd(inner);
  return parts === null ? null : parts.map((part) => condition(query, part));
}

/** At the top level only; null for unbalanced parentheses or an empty part. */
function splitAtAnd(tokens: Token[]): Token[][] | null {
  const parts: Token[][] = [[]];
  let nesting = 0;
  let hasOr = false;
  for (const token of tokens) {
    if (token.text === "(") nesting++;
    if (token.text === ")") nesting--;
    if (nesting < 0) return null;
    if (nesting === 0 && token.text === "||") hasOr = true;
    if (nesting === 0 && token.text === "&&") parts.push([]);
    else parts[parts.length - 1]!.push(token);
  }
  if (nesting !== 0 || parts.some((part) => part.length === 0)) return null;
  // `a || b && c` is one condition: pulling it apart would change its meaning.
  return hasOr ? [tokens] : parts;
}

const COMPARISONS = new Set(["=", "!=", "<", "<=", ">", ">=", "=~", "!~"]);

function condition(query: string, tokens: Token[]): Condition {
  const text = query.slice(tokens[0]!.from, tokens[tokens.length - 1]!.to);
  const [field, op, ...literal] = tokens;
  const negative = literal.length === 2 && literal[0]!.text === "-" && literal[1]!.kind === "number";
  const simple = literal.length === 1 && ["string", "number", "word"].includes(literal[0]!.kind);
  if (field?.kind !== "word" || op === undefined || !COMPARISONS.has(op.text) || !(simple || negative)) return { text };
  return { text, comparison: { field: field.text, op: op.text, literal: literal.map((token) => token.text).join("") } };
}

export const compare = (field: string, op: string, literal: string): Condition => ({
  text: `${field} ${op} ${literal}`,
  comparison: { field, op, literal },
});

/** A value that somebody wrote without its type: what looks like a number is stored as one by some and as text by others. */
export const equalsText = (field: string, text: string): Condition =>
  typedValue(text) ? { text: `(${field} = ${text} || ${field} = ${quote(text)})` } : compare(field, "=", quote(text));

/** Text as a part of a regular expression that matches just it. */
export const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

export function toQuery(conditions: readonly Condition[]): string {
  if (conditions.length === 0) return "{}";
  const parts = conditions.map(({ text, comparison }) =>
    comparison === undefined && conditions.length > 1 && tokenize(text).some((token) => token.text === "||") && !wrapped(text) ? `(${text})` : text,
  );
  return `{ ${parts.join(" && ")} }`;
}

function wrapped(text: string): boolean {
  if (!text.startsWith("(") || !text.endsWith(")")) return false;
  let nesting = 0;
  return tokenize(text).every((token, index, all) => {
    if (token.text === "(") nesting++;
    if (token.text === ")") nesting--;
    return nesting > 0 || index === all.length - 1;
  });
}

// --- the conditions that have a place of their own in the form ---

export type Slot = "service" | "operation" | "errors" | "minDuration" | "maxDuration" | "minTrace" | "maxTrace";

/** What counts as failed everywhere; `status = error` is less, and no slot. */
export const FAILED: Condition = { text: "error" };
const isFailed = ({ text }: Condition): boolean => /^\(?\s*error\s*(=\s*true\s*)?\)?$/.test(text);

const SLOTS: Record<Exclude<Slot, "errors">, { fields: string[]; ops: string[]; make: (value: string) => Condition }> = {
  service: {
    fields: ["resource.service.name", ".service.name", "service.name"],
    ops: ["="],
    make: (value) => compare("resource.service.name", "=", quote(value)),
  },
  operation: { fields: ["name", "span:name"], ops: ["="], make: (value) => compare("name", "=", quote(value)) },
  minDuration: { fields: ["duration", "span:duration"], ops: [">=", ">"], make: (value) => compare("duration", ">=", value) },
  maxDuration: { fields: ["duration", "span:duration"], ops: ["<=", "<"], make: (value) => compare("duration", "<=", value) },
  minTrace: { fields: ["traceDuration", "trace:duration"], ops: [">=", ">"], make: (value) => compare("traceDuration", ">=", value) },
  maxTrace: { fields: ["traceDuration", "trace:duration"], ops: ["<=", "<"], make: (value) => compare("traceDuration", "<=", value) },
};

const ORDER = Object.keys(SLOTS) as Exclude<Slot, "errors">[];

/** The form's own place for a condition, if it has one. */
export function slotOf(condition: Condition): Slot | null {
  if (isFailed(condition)) return "errors";
  if (condition.comparison === undefined) return null;
  const { field, op } = condition.comparison;
  return ORDER.find((name) => SLOTS[name].fields.includes(field) && SLOTS[name].ops.includes(op)) ?? null;
}

export function slotValue(conditions: readonly Condition[], slot: Slot): string | null {
  const found = conditions.find((candidate) => slotOf(candidate) === slot);
  if (found === undefined) return null;
  return found.comparison === undefined ? found.text : unquote(found.comparison.literal);
}

/** Replaces, adds or (with null) removes the condition of a slot; its place in the text is kept. */
export function withSlot(conditions: readonly Condition[], slot: Slot, value: string | null): Condition[] {
  const index = conditions.findIndex((candidate) => slotOf(candidate) === slot);
  const others = conditions.filter((candidate) => slotOf(candidate) !== slot);
  if (value === null || value === "") return others;
  const made = slot === "errors" ? FAILED : SLOTS[slot].make(value);
  if (index >= 0) {
    others.splice(index, 0, made);
    return others;
  }
  // Service and operation read best in front.
  const front = slot === "service" ? 0 : slot === "operation" ? others.findIndex((c) => slotOf(c) === "service") + 1 : others.length;
  others.splice(front, 0, made);
  return others;
}

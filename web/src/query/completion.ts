//! What could come next at the caret: a field, an operator, a value, or a joining word. Pure text
//! work; the caller asks the server for names and values.

import { type Token, tokenize, unquote } from "./tokens";

export interface CompletionContext {
  expects: "field" | "op" | "value" | "join" | "open";
  /** The text that a choice replaces. */
  from: number;
  to: number;
  /** What is typed so far, without quotes. */
  prefix: string;
  /** The field whose value is expected. */
  field?: string;
}

const VALUE_OPS = new Set(["=", "!=", "<", "<=", ">", ">=", "=~", "!~"]);
export const OPERATORS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="];
export const INTRINSICS: { name: string; hint: string }[] = [
  { name: "name", hint: "span name" },
  { name: "duration", hint: "of the span" },
  { name: "traceDuration", hint: "of the trace" },
  { name: "status", hint: "ok, error, unset" },
  { name: "statusMessage", hint: "text of the status" },
  { name: "kind", hint: "server, client, …" },
  { name: "rootName", hint: "name of the root span" },
  { name: "rootServiceName", hint: "service of the root span" },
];
export const FIXED_VALUES: Record<string, string[]> = {
  status: ["error", "ok", "unset"],
  kind: ["server", "client", "internal", "producer", "consumer", "unspecified"],
  duration: ["10ms", "100ms", "500ms", "1s", "5s"],
  traceDuration: ["100ms", "1s", "5s", "30s", "1m"],
};

export function completionAt(text: string, caret: number): CompletionContext {
  const before = tokenize(text.slice(0, caret));
  const last = before[before.length - 1];
  const here = (expects: CompletionContext["expects"], token: Token | undefined, field?: string): CompletionContext => {
    const to = token === undefined ? caret : endOfToken(text, token);
    return { expects, from: token?.from ?? caret, to, prefix: token === undefined ? "" : unquote(token.text), field };
  };
  const typing = last !== undefined && last.kind !== "space" && ["word", "string", "number"].includes(last.kind) ? last : undefined;
  const significant = before.filter((token) => token.kind !== "space" && token !== typing);
  const previous = significant[significant.length - 1];
  const beforeThat = significant[significant.length - 2];
  if (previous === undefined || previous.text === "}") return here("open", typing);
  if (previous.text === "{" || previous.kind === "join" || previous.text === "(") return here("field", typing);
  if (previous.kind === "op" && VALUE_OPS.has(previous.text) && beforeThat?.kind === "word") return here("value", typing, beforeThat.text);
  if (previous.kind === "word" && !VALUE_OPS.has(beforeThat?.text ?? "")) return here("op", undefined);
  return here("join", typing);
}

/** A choice replaces the whole token, also what stands after the caret. */
function endOfToken(text: string, token: Token): number {
  const whole = tokenize(text).find(({ from }) => from === token.from);
  return whole?.kind === token.kind && !(whole.kind === "string" && whole.to - token.to > 40) ? whole.to : token.to;
}

/** The scope and key to ask the server's catalogue about, for a field as written in a query. */
export function catalogueKey(field: string): { scope: string; key: string } {
  const intrinsic = field.replace(/^(span|trace):/, "");
  if (["name", "status", "kind"].includes(intrinsic)) return { scope: "intrinsic", key: intrinsic };
  if (field === "rootServiceName" || /^(resource)?\.?service\.name$/.test(field)) return { scope: "intrinsic", key: "service.name" };
  if (field === "rootName") return { scope: "intrinsic", key: "name" };
  const scoped = /^(span|resource|event|link|instrumentation)\.(.+)$/s.exec(field);
  if (scoped !== null) return { scope: scoped[1] === "instrumentation" ? "scope" : scoped[1]!, key: unquote(scoped[2]!) };
  return { scope: "span", key: unquote(field.replace(/^\./, "")) };
}

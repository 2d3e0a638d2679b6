//! What could come next at the caret, told by where it is in the grammar: words that are known here,
//! or a field or a value, whose names the caller asks the server for. Pure text work on what stands
//! before the caret; it must never say whether a query is right.

import {
  AND_OR,
  ARITHMETIC,
  CLOSE,
  CLOSE_FILTER,
  COUNTS,
  GROUP_BY,
  isAggregate,
  LIMITS,
  METRICS,
  NEXT,
  type Offer,
  OPERATORS,
  PIPE,
  QUANTILES,
  RELATIONS,
  SECOND_STAGES,
  SERIES,
  SPANSET,
  STAGES,
} from "./grammar";
import { type Token, tokenize, unquote } from "./tokens";

export interface CompletionContext {
  /** `start`: there is nothing yet. `words`: one of `words`. `number`: a field that has numbers. */
  expects: "start" | "words" | "field" | "number" | "value";
  words: readonly Offer[];
  /** The text that a choice replaces. */
  from: number;
  to: number;
  /** What is typed so far, without quotes. */
  prefix: string;
  /** The field whose value is expected. */
  field?: string;
}

type Expected = Pick<CompletionContext, "expects" | "field"> & { words?: readonly Offer[] };

const words = (...offers: readonly Offer[]): Expected => ({ expects: "words", words: offers });
const FIELD: Expected = { expects: "field" };

/** A pair of braces or parentheses that is still open, or the text itself. */
interface Frame {
  is: "spansets" | "filter" | "call";
  /** Of a call. */
  name: string;
  /** Parentheses, not braces. */
  round: boolean;
  /** What stands in it; a closed pair is one part. */
  parts: Part[];
}

/** A token, or a pair: `filter`, `group` (its text says whether of `series`), or a call by its name. */
interface Part {
  text: string;
  kind: Token["kind"] | "filter" | "group" | "call";
}

export function completionAt(text: string, caret: number): CompletionContext {
  const before = tokenize(text.slice(0, caret));
  const last = before[before.length - 1];
  const typing = last !== undefined && ["word", "string", "number"].includes(last.kind) ? last : undefined;
  // Right behind a pair nothing is offered: most texts end there.
  const isClosed = last !== undefined && (last.text === "}" || last.text === ")");
  const frames = openFrames(before.filter((token) => token.kind !== "space" && token !== typing));
  const expected = isClosed ? words() : expectedIn(frames[frames.length - 1]!, frames.length > 1);
  return {
    expects: expected.expects,
    words: expected.words ?? [],
    field: expected.field,
    from: typing?.from ?? caret,
    to: typing === undefined ? caret : endOfToken(text, typing),
    prefix: typing === undefined ? "" : unquote(typing.text),
  };
}

/** The text once the offer is in it, and where the caret is then. */
export function withOffer(text: string, { from, to }: CompletionContext, { insert, caretBack = 0 }: Offer): { text: string; caret: number } {
  let [before, after] = [text.slice(0, from), text.slice(to)];
  const mark = insert.trim();
  if (mark === ")" || mark === ",") before = before.trimEnd();
  // What closes a pair may be there already.
  if ((mark === ")" || mark === "}") && after.trimStart().startsWith(mark)) after = after.trimStart().slice(1).trimStart();
  return { text: before + insert + after, caret: before.length + insert.length - caretBack };
}

/** A choice replaces the whole token, also what stands after the caret. */
function endOfToken(text: string, token: Token): number {
  const whole = tokenize(text).find(({ from }) => from === token.from);
  return whole?.kind === token.kind && !(whole.kind === "string" && whole.to - token.to > 40) ? whole.to : token.to;
}

/** From the text itself to the innermost that the caret is in. */
function openFrames(tokens: readonly Token[]): Frame[] {
  const frames: Frame[] = [{ is: "spansets", name: "", round: false, parts: [] }];
  for (const { text, kind } of tokens) {
    const frame = frames[frames.length - 1]!;
    if (text === "{") frames.push({ is: "filter", name: "", round: false, parts: [] });
    else if (text === "(") frames.push(opened(frame));
    else if (text === "}" || text === ")") {
      // Of a pair that was never opened nothing is closed.
      if (frames.length === 1) continue;
      const { is, name, round, parts } = frames.pop()!;
      const outer = frames[frames.length - 1]!;
      if (is === "call") outer.parts[outer.parts.length - 1] = { text: name, kind: "call" };
      else outer.parts.push({ text: parts.some(isSeries) ? "series" : "", kind: round ? "group" : "filter" });
    } else frame.parts.push({ text, kind });
  }
  return frames;
}

const isSeries = ({ kind, text }: Part): boolean => (kind === "call" && Object.hasOwn(METRICS, text)) || (kind === "group" && text === "series");

function opened({ is, parts }: Frame): Frame {
  const last = parts[parts.length - 1];
  if (is === "spansets" && last?.kind === "word") return { is: "call", name: last.text, round: true, parts: [] };
  return { is: is === "filter" ? "filter" : "spansets", name: "", round: true, parts: [] };
}

function expectedIn(frame: Frame, isInner: boolean): Expected {
  if (frame.is === "filter") return inFilter(frame);
  if (frame.is === "call") return inCall(frame);
  const expected = betweenSpansets(frame.parts);
  if (!isInner) return expected;
  const last = frame.parts[frame.parts.length - 1];
  if (last === undefined) return words(...SPANSET);
  return ["filter", "group", "call"].includes(last.kind) ? words(CLOSE, ...(expected.words ?? [])) : expected;
}

const COMPARISONS = new Set(OPERATORS.map(({ label }) => label));

function inFilter({ parts, round }: Frame): Expected {
  const [beforeThat, previous] = [parts[parts.length - 2], parts[parts.length - 1]];
  if (previous === undefined || previous.kind === "join") return FIELD;
  const compares = (part: Part | undefined): boolean => part?.kind === "op" && COMPARISONS.has(part.text);
  if (compares(previous)) return beforeThat?.kind === "word" ? { expects: "value", field: beforeThat.text } : words();
  if (previous.kind === "op") return FIELD;
  const ends = [...AND_OR, round ? CLOSE : CLOSE_FILTER];
  if (previous.kind !== "word" || compares(beforeThat)) return words(...ends);
  // A field that is true or false needs no operator.
  return previous.text === "error" ? words(...ends, ...OPERATORS) : words(...OPERATORS);
}

/** In the parentheses of a stage or a function. */
function inCall({ name, parts }: Frame): Expected {
  const previous = parts[parts.length - 1];
  const isFirst = previous === undefined;
  const wants = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined;
  if (name === "by" || name === "select") return isFirst || previous.text === "," ? FIELD : words(NEXT, CLOSE);
  if (name === "topk" || name === "bottomk") return isFirst ? words(...COUNTS) : words(CLOSE);
  if (wants === "filter") return isFirst ? words(...SPANSET) : words(CLOSE);
  if (wants === "quantiles") {
    if (previous?.text === ",") return words(...QUANTILES);
    return isFirst ? { expects: "number" } : words(NEXT, ...(parts.length > 1 ? [CLOSE] : []));
  }
  const takesField = wants === "field" || (isAggregate(name) && name !== "count");
  return takesField && isFirst ? { expects: "number" } : words(CLOSE);
}

/** Outside of filters: operators, stages, and what is made of series. */
function betweenSpansets(parts: readonly Part[]): Expected {
  const previous = parts[parts.length - 1];
  if (previous === undefined) return { expects: "start" };
  const isMetrics = parts.some(isSeries);
  switch (previous.kind) {
    case "pipe":
      return words(...(isMetrics ? SECOND_STAGES : STAGES));
    case "filter":
      return words(PIPE, ...RELATIONS);
    case "group":
      return isMetrics ? words(PIPE, ...ARITHMETIC, ...LIMITS) : words(PIPE, ...RELATIONS);
    case "call":
      return afterCall(parts, previous.text, isMetrics);
    case "op":
    case "join":
      // The right side of a comparison is typed, not chosen.
      if (parts[parts.length - 2]?.kind === "call" || LIMITS.some(({ label }) => isMetrics && label === previous.text)) return words();
      return words(...(isMetrics ? SERIES : SPANSET));
    default:
      return words(PIPE);
  }
}

function afterCall(parts: readonly Part[], name: string, isMetrics: boolean): Expected {
  if (isMetrics) {
    const groups = Object.hasOwn(METRICS, name) && name !== "compare" ? [GROUP_BY] : [];
    return name === "compare" ? words() : words(...groups, PIPE, ...LIMITS);
  }
  if (isAggregate(name) && !COMPARISONS.has(parts[parts.length - 2]?.text ?? "")) return words(...LIMITS, { label: "=", insert: "= " });
  return words(PIPE);
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

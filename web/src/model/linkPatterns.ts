//! Links that an operator configured, in the form of Jaeger's `linkPatterns`: templates such as
//! `https://logs/#{service}?at=#{trace.startTime | add -60000000}`. A link for which a value is
//! missing is not shown; values never become more than a part of a link.

import { type Attribute, valueText } from "./details";

/** `process`: the resource; `tags`: the span; `logs`: an event; `traces`: the whole trace. */
export type LinkPlace = "process" | "tags" | "logs" | "traces";

export interface LinkPattern {
  types: LinkPlace[];
  /** Attributes beside which it is shown; null: all. */
  keys: string[] | null;
  /** Values beside which it is shown; null: all. */
  values: string[] | null;
  url: string;
  text: string;
}

export interface Link {
  url: string;
  text: string;
}

/** What a name in a template stands for, if anything. */
export type Lookup = (name: string) => string | number | undefined;

const PLACEHOLDER = /#\{([^}]*)\}/g;

type Change = (value: string | number, args: string[]) => string | number | undefined;

/** The functions of Jaeger's templates; `undefined` for values that they cannot change. */
const CHANGES: Record<string, Change> = {
  epoch_micros_to_date_iso: (value) => {
    const date = new Date(Number(value) / 1000);
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
  },
  pad_start: (value, [length, fill]) => String(value).padStart(Number(length) || 0, fill || " "),
  add: (value, [amount]) => {
    const sum = Number(value) + Number(amount);
    return Number.isFinite(sum) ? sum : undefined;
  },
};

/** `name | function argument | …` */
function valueOf(expression: string, lookup: Lookup): string | number | undefined {
  const [name, ...changes] = expression.split("|").map((part) => part.trim());
  let value = lookup(name!);
  for (const change of changes) {
    const [called, ...args] = change.split(/\s+/);
    const apply = Object.hasOwn(CHANGES, called!) ? CHANGES[called!] : undefined;
    value = value === undefined ? undefined : apply?.(value, args);
  }
  return value;
}

function fill(template: string, lookup: Lookup, encode: (text: string) => string): string | null {
  let complete = true;
  const text = template.replace(PLACEHOLDER, (_, expression: string) => {
    const value = valueOf(expression, lookup);
    complete &&= value !== undefined;
    return encode(String(value));
  });
  return complete ? text : null;
}

/** The names that a link needs. */
export const namesIn = ({ url, text }: LinkPattern): string[] => [...(url + text).matchAll(PLACEHOLDER)].map(([, expression]) => expression!.split("|")[0]!.trim());

/** Is it shown beside this attribute? */
export const isBeside = ({ types, keys, values }: LinkPattern, place: LinkPlace, { key, value }: Attribute): boolean =>
  types.includes(place) && (keys?.includes(key) ?? true) && (values?.includes(valueText(value)) ?? true);

/** The links that have all of their values. */
export function linksOf(patterns: readonly LinkPattern[], lookup: Lookup): Link[] {
  return patterns.flatMap((pattern) => {
    const url = fill(pattern.url, lookup, encodeURIComponent);
    const text = fill(pattern.text, lookup, (value) => value);
    return url === null || text === null ? [] : [{ url, text }];
  });
}

/** The first value of a name in lists of attributes, the nearest list first. */
export function inLists(lists: readonly (readonly Attribute[])[], name: string): string | undefined {
  for (const list of lists) {
    const found = list.find(({ key }) => key === name);
    if (found !== undefined) return valueText(found.value);
  }
  return undefined;
}

const micros = (ns: string): number => Number(BigInt(ns) / 1000n);

/** What Jaeger's templates call the facts of a trace; times in microseconds. */
export function traceFact({ traceId, rootService, rootName, startNs, durationNs }: { traceId: string; rootService: string | null; rootName: string | null; startNs: string; durationNs: string }, name: string): string | number | undefined {
  switch (name) {
    case "traceID":
      return traceId;
    case "traceName":
      return rootName === null ? undefined : `${rootService}: ${rootName}`;
    case "startTime":
      return micros(startNs);
    case "endTime":
      return micros(startNs) + micros(durationNs);
    case "duration":
      return micros(durationNs);
    default:
      return undefined;
  }
}

/** The same of a span. */
export function spanFact({ spanId, name: operationName, startNs, durationNs }: { spanId: string; name: string; startNs: string; durationNs: string }, name: string): string | number | undefined {
  switch (name) {
    case "spanID":
      return spanId;
    case "operationName":
      return operationName;
    case "endTime":
      return micros(startNs) + micros(durationNs);
    case "startTime":
      return micros(startNs);
    case "duration":
      return micros(durationNs);
    default:
      return undefined;
  }
}

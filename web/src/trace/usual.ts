//! How a span compares with others of its operation: two counts, so that the answer is exact. What
//! it asks and how it is said; it must never ask by itself.

import { countSpans } from "../api/endpoints";
import { ResourceCache } from "../api/resource";
import type { SpanDetail } from "../model/details";
import { formatCount, plural } from "../model/format";
import { quote } from "../query/tokens";

/** Before the end of the trace. */
const HOUR_MS = 3_600_000;
/** Of fewer a percentage says nothing. */
const LEAST = 20;
const KEPT = 50;
/** The hour of a trace is mostly over. */
const FRESH_MS = 60_000;

export interface Rank {
  /** Spans of the operation, this one included. */
  spans: number;
  /** Those that took less. */
  faster: number;
  /** Why not everything was counted. */
  partial: string | null;
}

export interface RankQuestion {
  all: string;
  faster: string;
  from: string;
  to: string;
}

/** Null for a span of no service: its operation is nobody's. */
export function questionOf({ name, kind, durationNs }: SpanDetail, service: string, endMs: number): RankQuestion | null {
  if (service === "") return null;
  const of = `resource.service.name = ${quote(service)} && name = ${quote(name)} && kind = ${kind}`;
  const at = (ms: number): string => new Date(ms).toISOString();
  return { all: `{ ${of} }`, faster: `{ ${of} && duration < ${durationNs}ns }`, from: at(endMs - HOUR_MS), to: at(endMs + 1) };
}

async function rank({ all, faster, from, to }: RankQuestion, signal: AbortSignal): Promise<Rank> {
  const [every, less] = await Promise.all([all, faster].map((q) => countSpans({ q, from, to }, signal)));
  return { spans: every!.spans, faster: less!.spans, partial: every!.partial ?? less!.partial };
}

/** By question, as JSON. */
export const ranks = new ResourceCache<Rank>(KEPT, (key) => ({ load: (signal) => rank(JSON.parse(key) as RankQuestion, signal), freshMs: FRESH_MS }));

export function rankText({ spans, faster, partial }: Rank): string {
  const others = spans - 1;
  const incomplete = partial === null ? "" : ` (not all were counted: ${partial})`;
  if (others < LEAST) return `${others <= 0 ? "no other span" : `only ${plural(others, "other span")}`} of this operation in the hour before: too few to compare${incomplete}`;
  const percent = Math.floor((faster / others) * 100);
  const than = faster === 0 ? "no slower than any" : faster >= others ? "slower than all" : percent === 0 ? "slower than less than 1 %" : `slower than ${percent} %`;
  return `${than} of ${formatCount(others)} others in the hour before${incomplete}`;
}

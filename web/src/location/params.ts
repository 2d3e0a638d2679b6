//! The URLs of the two pages as typed values and back. The URL is the source of truth of every
//! view: opening a link shows the same thing, and parameters that are not ours are kept.

import { DEFAULT_RANGE } from "../model/timeRange";

export const SORTS = ["newest", "longest", "shortest", "spans", "errors"] as const;
export type Sort = (typeof SORTS)[number];

export const CHARTS = ["spans", "traces"] as const;
export type Chart = (typeof CHARTS)[number];

export interface SearchParams {
  q: string;
  from: string;
  to: string;
  limit: number;
  sort: Sort;
  chart: Chart;
  /** Seconds after which it is searched again, 0 for not by itself. */
  refresh: number;
  /** Between two samples of a series, such as `1m`; the server's choice where it is empty. */
  step: string;
  /** The names of the series that are shown; all where there is none. */
  only: string[];
  /** The column that series are ordered by, with `-` before it from the greatest down. */
  order: string;
}

export const REFRESH_SECONDS = [0, 5, 15, 60, 300];

export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 1000;

export function readSearchParams(params: URLSearchParams): SearchParams {
  const limit = Number.parseInt(params.get("limit") ?? "", 10);
  const sort = params.get("sort") as Sort | null;
  return {
    q: params.get("q")?.trim() || "{}",
    from: params.get("from") || DEFAULT_RANGE.from,
    to: params.get("to") || DEFAULT_RANGE.to,
    limit: limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT,
    sort: sort !== null && SORTS.includes(sort) ? sort : "newest",
    chart: params.get("chart") === "traces" ? "traces" : "spans",
    refresh: REFRESH_SECONDS.find((seconds) => String(seconds) === params.get("refresh")) ?? 0,
    step: /^\d+(ms|s|m|h|d)$/.test(params.get("step") ?? "") ? params.get("step")! : "",
    only: params.getAll("only"),
    order: params.get("order") ?? "",
  };
}

/** Defaults are left out; other parameters of `base` stay. */
export function writeSearchParams(value: SearchParams, base: URLSearchParams): URLSearchParams {
  const params = new URLSearchParams(base);
  put(params, "q", value.q === "{}" ? "" : value.q);
  const usual = value.from === DEFAULT_RANGE.from && value.to === DEFAULT_RANGE.to;
  put(params, "from", usual ? "" : value.from);
  put(params, "to", usual || value.to === DEFAULT_RANGE.to ? "" : value.to);
  put(params, "limit", value.limit === DEFAULT_LIMIT ? "" : String(value.limit));
  put(params, "sort", value.sort === "newest" ? "" : value.sort);
  put(params, "refresh", value.refresh === 0 ? "" : String(value.refresh));
  put(params, "chart", value.chart === "spans" ? "" : value.chart);
  put(params, "step", value.step);
  params.delete("only");
  for (const name of value.only) params.append("only", name);
  put(params, "order", value.order);
  return params;
}

export const TRACE_VIEWS = ["timeline", "flame", "statistics"] as const;
export type TraceViewName = (typeof TRACE_VIEWS)[number];

export interface TraceParams {
  view: TraceViewName;
  /** Selected span id. */
  span: string;
  /** ns after the start of the trace, or null for all of it. */
  zoom: [number, number] | null;
  find: string;
  only: boolean;
  depth: string;
  fold: string;
  pane: "right" | "bottom" | "";
  /** Clocks that disagree are adjusted. */
  skew: boolean;
  /** Where the time is, and findings, are listed. */
  explain: boolean;
  /** The critical path is drawn. */
  cp: boolean;
  /** The flame graph is merged, the largest to the left. */
  heavy: boolean;
}

export function readTraceParams(params: URLSearchParams): TraceParams {
  const zoom = /^(\d+)-(\d+)$/.exec(params.get("zoom") ?? "");
  const pane = params.get("pane");
  const depth = params.get("depth") ?? "";
  const view = params.get("view") as TraceViewName | null;
  return {
    view: view !== null && TRACE_VIEWS.includes(view) ? view : "timeline",
    span: /^[0-9a-f]{1,16}$/i.test(params.get("span") ?? "") ? params.get("span")!.toLowerCase().padStart(16, "0") : "",
    zoom: zoom !== null && Number(zoom[2]) > Number(zoom[1]) ? [Number(zoom[1]), Number(zoom[2])] : null,
    find: params.get("find") ?? "",
    only: params.get("only") === "1",
    depth: /^(all|\d{1,5})$/.test(depth) ? depth : "",
    fold: /^[0-9a-z_.]*$/.test(params.get("fold") ?? "") ? (params.get("fold") ?? "") : "",
    pane: pane === "right" || pane === "bottom" ? pane : "",
    skew: params.get("skew") === "1",
    explain: params.get("explain") === "1",
    cp: params.get("cp") === "1",
    heavy: params.get("heavy") === "1",
  };
}

export function writeTraceParams(value: TraceParams, base: URLSearchParams): URLSearchParams {
  const params = new URLSearchParams(base);
  put(params, "view", value.view === "timeline" ? "" : value.view);
  put(params, "span", value.span);
  put(params, "zoom", value.zoom === null ? "" : `${Math.round(value.zoom[0])}-${Math.round(value.zoom[1])}`);
  put(params, "find", value.find);
  put(params, "only", value.only ? "1" : "");
  put(params, "depth", value.depth);
  put(params, "fold", value.fold);
  put(params, "pane", value.pane);
  put(params, "skew", value.skew ? "1" : "");
  put(params, "explain", value.explain ? "1" : "");
  put(params, "cp", value.cp ? "1" : "");
  put(params, "heavy", value.heavy ? "1" : "");
  return params;
}

function put(params: URLSearchParams, key: string, value: string): void {
  if (value === "") params.delete(key);
  else params.set(key, value);
}

/** Readable: only what would change the meaning of a URL is escaped. */
export function queryString(params: URLSearchParams): string {
  const text = [...params]
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value).replace(/%(?:3A|2F|40|2C|7B|7D)/g, decodeURIComponent)}`)
    .join("&");
  return text === "" ? "" : `?${text}`;
}

/** 32 lower-case digits for a trace id as people and other products write it, or null. */
export function normalizeTraceId(text: string): string | null {
  const id = text.trim().toLowerCase().replace(/^0x/, "").replace(/-/g, "");
  return /^[0-9a-f]{1,32}$/.test(id) && !/^0+$/.test(id) ? id.padStart(32, "0") : null;
}

export const isTraceId = (text: string): boolean => normalizeTraceId(text) === text;

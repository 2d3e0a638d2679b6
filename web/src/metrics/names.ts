//! What a series is called and what its figures come to. Pure; it must never know how they are drawn.

import type { Series } from "../api/types";
import { quote } from "../query/tokens";

const textOf = (value: unknown): string => (typeof value === "string" ? quote(value) : JSON.stringify(value));

/** The value alone where there is one label, as people say it; else all labels. Of quantiles the percentile comes last. */
export function nameOf(labels: Series["labels"]): string {
  const others = labels.filter(({ name }) => name !== "p");
  const quantile = labels.filter(({ name }) => name === "p").map(({ value }) => `p${Number((Number(value) * 100).toFixed(4))}`);
  const [only] = others.length === 1 ? others : [];
  const pairs = only !== undefined && typeof only.value === "string" ? [only.value] : others.map(({ name, value }) => `${name} = ${textOf(value)}`);
  return [...pairs, ...quantile].join(", ") || "all spans";
}

export interface Named {
  name: string;
  series: Series;
  /** The last sample there is. */
  last: number;
  max: number;
  mean: number;
}

/** NaN where a series has no sample at all. */
export function figures(series: Series): Named {
  const values = series.values.filter((value): value is number => value !== null);
  const sum = values.reduce((total, value) => total + value, 0);
  return {
    name: nameOf(series.labels),
    series,
    last: values.at(-1) ?? Number.NaN,
    max: values.reduce((most, value) => Math.max(most, value), values.length > 0 ? -Infinity : Number.NaN),
    mean: values.length > 0 ? sum / values.length : Number.NaN,
  };
}

//! Whether a query finds traces or makes series, told by its words alone, so that the page knows what
//! to ask before the server has read it. It must never say whether a query is right.

import { METRICS } from "./grammar";
import { tokenize } from "./tokens";

export type QueryKind = "search" | "metrics";

/** Metrics have a function over time outside of every filter. */
export function kindOf(query: string): QueryKind {
  const tokens = tokenize(query).filter(({ kind }) => kind !== "space");
  let inFilter = 0;
  for (const [index, { text, kind }] of tokens.entries()) {
    if (text === "{") inFilter++;
    else if (text === "}") inFilter--;
    else if (inFilter === 0 && kind === "word" && Object.hasOwn(METRICS, text) && tokens[index + 1]?.text === "(") return "metrics";
  }
  return "search";
}

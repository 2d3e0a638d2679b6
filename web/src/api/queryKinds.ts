//! Whether a query finds traces or makes series: the server's word, asked for once for each query, so
//! that nobody here has to know the language. It must never hold up a query that it already knows.

import { signal } from "@preact/signals";
import { checkQuery } from "./endpoints";
import type { QueryKind } from "./types";

/** More than anybody types; the first asked for go first. */
const MOST_KNOWN = 500;

export class QueryKinds {
  private readonly known = signal<ReadonlyMap<string, QueryKind>>(new Map([["{}", "search"]]));
  private readonly asked = new Set<string>();

  /** Null until the server has said. */
  of(query: string): QueryKind | null {
    return this.known.value.get(query) ?? null;
  }

  /** Asks, unless it is known or asked for. What cannot be read counts as a search, whose answer says what is wrong with it; so does a server that does not answer, until it is asked again. */
  async ask(query: string): Promise<void> {
    if (this.asked.has(query) || query === "{}") return;
    this.asked.add(query);
    let kind: QueryKind = "search";
    try {
      kind = (await checkQuery(query)).kind ?? "search";
    } catch {
      this.asked.delete(query);
    }
    const known = new Map(this.known.peek()).set(query, kind);
    if (known.size > MOST_KNOWN) this.forget(known);
    this.known.value = known;
  }

  private forget(known: Map<string, QueryKind>): void {
    const oldest = [...known.keys()].find((query) => query !== "{}");
    if (oldest === undefined) return;
    known.delete(oldest);
    this.asked.delete(oldest);
  }
}

//! What one looks at in the explanation of a trace: is it open, is the path drawn, which finding is
//! marked. It asks only when somebody wants it, and it must never mark rows of another revision.

import { computed, signal } from "@preact/signals";
import { Resource } from "../api/resource";
import type { DetailSource } from "../model/details";
import { type Explanation, type Finding, PathByRow } from "../model/explanation";

/** A trace does not change within a revision. */
const FRESH_MS = Infinity;

export class Explained {
  /** The list of where the time is and of findings. */
  readonly open = signal(false);
  /** The critical path is drawn. */
  readonly drawn = signal(false);
  readonly finding = signal<Finding | null>(null);
  /** Null where nobody can explain: a file that was opened in the browser. */
  readonly resource: Resource<Explanation> | null;
  readonly data = computed(() => this.resource?.state.value.data ?? null);
  readonly path = computed(() => (this.data.value === null ? null : new PathByRow(this.data.value.path, this.rows)));
  readonly marked = computed<ReadonlySet<number>>(() => new Set(this.open.value ? this.finding.value?.rows : []));

  constructor(
    source: DetailSource,
    private readonly rows: number,
  ) {
    this.resource = source.explain === undefined ? null : new Resource({ load: (abort) => source.explain!(abort), freshMs: FRESH_MS });
  }

  get possible(): boolean {
    return this.resource !== null;
  }

  /** Opens it with the path drawn, or closes both. */
  toggle(): void {
    if (!this.possible) return;
    const open = !this.open.peek();
    this.open.value = open;
    this.drawn.value = open;
    this.finding.value = null;
  }

  toggleDrawn(): void {
    if (this.possible) this.drawn.value = !this.drawn.peek();
  }
}

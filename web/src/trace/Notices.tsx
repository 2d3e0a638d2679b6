// What must be known before the picture is believed: missing parents, several roots, other
// warnings; and what the page did by itself, with a way to undo it.

import { useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "../components/Icon";
import { formatAgo, formatCount, nsToMs, plural } from "../model/format";
import { OPEN_DEPTH } from "../model/TraceModel";
import type { TraceView } from "./view";

/** The sentences about what is missing, exact and complete. */
export function completeness({ header, rootCount, stored }: { header: { orphanCount: number; warnings: string[] }; rootCount: number; stored: boolean }): string[] {
  const sentences = [...header.warnings];
  const told = sentences.some((sentence) => /\bparents?\b/.test(sentence));
  if (header.orphanCount > 0 && !told) {
    sentences.push(`${plural(header.orphanCount, "span refers", "spans refer")} to parents that ${stored ? "never arrived" : "are not in the file"}`);
  }
  const trueRoots = rootCount - header.orphanCount;
  if (trueRoots > 1) sentences.push(`${formatCount(trueRoots)} spans have no parent: the trace has several roots`);
  if (trueRoots === 0 && header.orphanCount > 0) sentences.push("the root span was not received");
  return sentences;
}

export function Notices({ view, stored, watching }: { view: TraceView; stored: boolean; watching: boolean }): VNode | null {
  const { model } = view;
  const { header } = model;
  const sentences = completeness({ header, rootCount: model.rootCount, stored });
  const endMs = nsToMs(header.startNs) + Number(header.durationNs) / 1e6;
  const dismissed = useSignal(false);
  // Folded in the way it opened: whoever folds by hand knows already.
  const untouched = useComputed(() => model.version.value === 1);
  const folded = model.opensPartly && untouched.value && !dismissed.value;
  if (sentences.length === 0 && !folded) return null;
  const text = sentences.map((sentence) => sentence.charAt(0).toUpperCase() + sentence.slice(1).replace(/\.$/, "")).join(". ");
  return (
    <div class="notices">
      {sentences.length > 0 && (
        <div class="notice warn" role="status">
          <Icon name="warning" />
          <span>
            {text}
            {header.orphanCount > 0 && `. The last span ended ${formatAgo(endMs, Date.now())}`}
            {watching && "; looking for more every few seconds"}.
          </span>
        </div>
      )}
      {folded && (
        <div class="notice" role="status">
          <Icon name="collapse" />
          <span>
            A large trace: opened to depth {OPEN_DEPTH}
            {header.errorCount > 0 && " and along the paths to errors"}. {formatCount(model.visibleCount)} of {plural(model.n, "span")} shown.
          </span>
          <button type="button" class="button small" onClick={() => model.expandAll()}>
            Expand all
          </button>
          <button type="button" class="button quiet small icon-only no-spread" aria-label="Dismiss" onClick={() => (dismissed.value = true)}>
            <Icon name="close" size={13} />
          </button>
        </div>
      )}
    </div>
  );
}

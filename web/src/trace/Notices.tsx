//! What must be known before the picture is believed: missing parents, several roots, other
//! warnings; and what the page did by itself, with a way to undo it.

import { useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Notice } from "../components/Notice";
import { formatAgo, formatCount, formatDuration, nsToMs, plural } from "../model/format";
import { OPEN_DEPTH } from "../model/TraceModel";
import type { TraceView } from "./view";
import "./Notices.css";

/** The sentences about what is missing, exact and complete. */
export function completeness({ header, rootCount, stored }: { header: { n: number; orphanCount: number; cycleCount: number; waitingCount?: number; warnings: string[] }; rootCount: number; stored: boolean }): string[] {
  const { waitingCount = 0 } = header;
  const sentences = [...header.warnings];
  if (waitingCount > 0) {
    const who = waitingCount >= header.n ? "the trace waits" : plural(waitingCount, "span waits", "spans wait");
    sentences.unshift(`${who} for a sampling decision: not stored yet, and gone if the trace is not sampled`);
  }
  const told = sentences.some((sentence) => /\b(never arrived|not in the file)\b/.test(sentence));
  if (header.orphanCount > 0 && !told) {
    sentences.push(`${plural(header.orphanCount, "span refers", "spans refer")} to parents that ${stored ? "never arrived" : "are not in the file"}`);
  }
  if (header.cycleCount > 0 && !sentences.some((sentence) => /cycle/.test(sentence))) sentences.push(`the parents of ${plural(header.cycleCount, "span")} form a cycle, which is cut there`);
  const trueRoots = rootCount - header.orphanCount - header.cycleCount;
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
  const wanted = view.wanted.value;
  const { skew } = model;
  if (sentences.length === 0 && !folded && skew === null && !wanted?.error && wanted?.found !== false) return null;
  const text = sentences.map((sentence) => sentence.charAt(0).toUpperCase() + sentence.slice(1).replace(/\.$/, "")).join(". ");
  return (
    <div class="notices">
      {wanted?.found === false && (
        <Notice kind="warn">
          This trace has no span <code>{wanted.spanId}</code>: the link may be of another trace, or the span has not arrived.
        </Notice>
      )}
      {wanted?.error && (
        <Notice
          kind="error"
          action={
            <button type="button" class="button small" onClick={() => void view.showSpan(wanted.spanId)}>
              Try again
            </button>
          }
        >
          The span of this link could not be looked for: {wanted.error.message}
        </Notice>
      )}
      {sentences.length > 0 && (
        <Notice kind="warn">
          {text}
          {header.orphanCount > 0 && `. The last span ended ${formatAgo(endMs, Date.now())}`}
          {header.orphanCount > 0 && watching && "; looking for more every few seconds"}.
        </Notice>
      )}
      {skew !== null && (
        <Notice
          kind="warn"
          icon="clock"
          action={
            <button type="button" class="button small" aria-pressed={view.adjusted.value} onClick={() => view.adjustClocks(!view.adjusted.peek())}>
              {view.adjusted.value ? "Show times as sent" : "Adjust clocks"}
            </button>
          }
        >
          {plural(skew.count, "span starts", "spans start")} before the span that called {skew.count === 1 ? "it" : "them"}, by up to {formatDuration(skew.mostNs)}: the clocks of these services disagree.{" "}
          {view.adjusted.value ? "Times are adjusted to what the calls allow." : "Times are shown as they were sent."}
        </Notice>
      )}
      {folded && (
        <Notice
          icon="collapse"
          onDismiss={() => (dismissed.value = true)}
          action={
            <button type="button" class="button small" onClick={() => model.expandAll()}>
              Expand all
            </button>
          }
        >
          A large trace: opened to depth {OPEN_DEPTH}
          {header.errorCount > 0 && " and along the paths to errors"}. {formatCount(model.visibleCount)} of {plural(model.n, "span")} shown.
        </Notice>
      )}
    </div>
  );
}

//! Is this span as slow as its operation usually is? Asked when somebody wants to know, because the
//! server has to count; then for each span that is looked at.

import type { VNode } from "preact";
import { useResource } from "../components/Loaded";
import type { SpanDetail } from "../model/details";
import { nsToMs } from "../model/format";
import { questionOf, rankText, ranks } from "./usual";
import type { TraceView } from "./view";

export function Usual({ view, detail }: { view: TraceView; detail: SpanDetail }): VNode | null {
  const { header } = view.model;
  const question = questionOf(detail, view.model.serviceName(detail.row), Math.ceil(nsToMs(header.startNs) + Number(header.durationNs) / 1e6));
  if (question === null) return null;
  if (!view.compares.value) {
    return (
      <button type="button" class="link-button" title="Count what took less among spans of its operation, in the hour before" onClick={() => (view.compares.value = true)}>
        Is that usual?
      </button>
    );
  }
  return <Counted ask={JSON.stringify(question)} />;
}

function Counted({ ask }: { ask: string }): VNode {
  const resource = ranks.get(ask);
  const { data, error } = useResource(resource);
  if (data !== null) return <span class="muted usual">{rankText(data)}</span>;
  if (error === null) return <span class="muted usual">counting…</span>;
  return (
    <span class="usual">
      Could not be counted: {error.message}{" "}
      <button type="button" class="link-button" onClick={() => resource.refresh()}>
        Try again
      </button>
    </span>
  );
}

//! A trace from the store by its id: loaded, looked at again while it may still grow, or said to be
//! missing. Showing it is TracePage's.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { ApiError } from "../api/client";
import { jaegerDownload, otlpDownload, RemoteSource } from "../api/endpoints";
import type { Resource } from "../api/resource";
import { skeletons } from "../api/skeletons";
import { Empty } from "../components/Empty";
import { Icon } from "../components/Icon";
import { useWhileSeen } from "../components/whileSeen";
import { Loaded } from "../components/Loaded";
import { hrefBack } from "../location/place";
import { isYoung } from "../model/arrival";
import type { Skeleton } from "../model/columns";
import { TraceModel } from "../model/TraceModel";
import { TracePage } from "./TracePage";
import { TraceView } from "./view";
import "./StoredTrace.css";

/** How often a young trace is looked at again, and how much longer for each span that has to be read for it. */
const WATCH_MS = 3000;
const WATCH_MS_PER_SPAN = 0.2;

export interface StoredTraceProps {
  traceId: string;
  /** What else can be done when the trace is not there. */
  elsewhere: ComponentChildren;
}

export function StoredTrace({ traceId, elsewhere }: StoredTraceProps): VNode {
  const resource = skeletons.get(traceId);
  return (
    <Loaded
      resource={resource}
      what="The trace"
      placeholder={<Placeholder />}
      failure={(error, { retryAtMs }) =>
        error instanceof ApiError && error.status === 404 ? <Missing traceId={traceId} waiting={retryAtMs !== null} elsewhere={elsewhere} onRetry={() => resource.refresh()} /> : null
      }
    >
      {(skeleton) => <Opened traceId={traceId} skeleton={skeleton} resource={resource} />}
    </Loaded>
  );
}

function Opened({ traceId, skeleton, resource }: { traceId: string; skeleton: Skeleton; resource: Resource<Skeleton> }): VNode {
  const { header } = skeleton;
  const before = useRef<TraceView | undefined>(undefined);
  // The same revision is the same trace: what is on screen stays as it is.
  const view = useMemo(() => new TraceView(new TraceModel(skeleton), new RemoteSource(traceId, header.revision), before.current), [header.revision]);
  useEffect(() => {
    before.current = view;
    return () => view.end();
  }, [view]);
  const young = isYoung(header);
  useWhileSeen(young ? WATCH_MS + header.n * WATCH_MS_PER_SPAN : null, () => isYoung(header) && resource.poll());
  // The trace has grown since it was opened: its rows have other numbers now.
  const problem = view.details.problem.value ?? view.wanted.value?.error;
  useEffect(() => {
    if (problem instanceof ApiError && problem.status === 409) resource.refresh();
  }, [problem]);
  return (
    <TracePage
      view={view}
      downloads={[
        { label: "OTLP JSON", url: otlpDownload(traceId), name: `${traceId}.otlp.json` },
        { label: "Jaeger JSON", url: jaegerDownload(traceId), name: `${traceId}.jaeger.json` },
      ]}
      onReload={() => resource.refresh()}
      watching={young}
    />
  );
}

function Placeholder(): VNode {
  return (
    <div class="trace-loading" aria-label="Loading the trace" role="status">
      {Array.from({ length: 18 }, (_, i) => (
        <div key={i} class="loading-row">
          <span style={{ width: `${10 + ((i * 37) % 17)}%`, marginLeft: `${Math.min(i, 6) * 14}px` }} />
          <span style={{ width: `${8 + ((i * 53) % 34)}%`, marginLeft: `${(i * 29) % 40}%` }} />
        </div>
      ))}
    </div>
  );
}

function Missing({ traceId, waiting, elsewhere, onRetry }: { traceId: string; waiting: boolean; elsewhere: ComponentChildren; onRetry: () => void }): VNode {
  return (
    <Empty
      alert
      title="This trace is not here"
      actions={
        <>
          <button type="button" class="button primary" onClick={onRetry}>
            <Icon name="reload" />
            Look again
          </button>
          <a class="button" href={hrefBack("search")}>
            Search
          </a>
          {elsewhere}
        </>
      }
    >
      No span of <code>{traceId}</code> is stored.{" "}
      {waiting ? "If it was sent just now it may still arrive: looking again…" : "It may have been dropped by retention or sampling, never have been sent, or have gone to another server."}
    </Empty>
  );
}

//! A trace from the store by its id: loaded, looked at again while it may still grow, or said to be
//! missing. Showing it is TracePage's.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, isAbort } from "../api/client";
import { jaegerDownload, otlpDownload, RemoteSource } from "../api/endpoints";
import { takeSkeleton } from "../api/prefetch";
import { Icon } from "../components/Icon";
import { TraceModel } from "../model/TraceModel";
import { readTraceParams } from "../location/params";
import { isArriving } from "../model/arrival";
import { href } from "../location/place";
import { TracePage } from "./TracePage";
import { TraceView } from "./view";

/** A trace that is not there may still be on its way. */
const RETRIES = 3;
const RETRY_MS = 2000;
const WATCH_MS = 4000;

export interface StoredTraceProps {
  traceId: string;
  params: URLSearchParams;
  /** What else can be done when the trace is not there. */
  elsewhere: ComponentChildren;
}

export function StoredTrace({ traceId, params, elsewhere }: StoredTraceProps): VNode {
  const [view, setView] = useState<TraceView | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [reload, setReload] = useState(0);
  useEffect(() => {
    let current = true;
    takeSkeleton(traceId).then(
      (skeleton) => {
        if (!current) return;
        setError(null);
        // Nothing came in since: what is on screen stays as it is.
        if (view !== null && skeleton.header.revision === view.model.header.revision) return;
        const next = new TraceView(new TraceModel(skeleton), new RemoteSource(traceId, skeleton.header.revision));
        // After a reload the URL of now, not of the first opening, is what to show.
        void next.restore(readTraceParams(reload === 0 ? params : new URLSearchParams(location.search)));
        setView(next);
      },
      (reason: Error) => current && view === null && !isAbort(reason) && setError(reason),
    );
    return () => {
      current = false;
    };
  }, [traceId, attempt, reload]);
  useEffect(() => {
    if (!(error instanceof ApiError) || error.status !== 404 || attempt >= RETRIES) return;
    const timer = setTimeout(() => setAttempt(attempt + 1), RETRY_MS);
    return () => clearTimeout(timer);
  }, [error, attempt]);
  const watching = view !== null && isArriving(view.model.header);
  useEffect(() => {
    if (!watching) return;
    const timer = setTimeout(() => setReload((n) => n + 1), WATCH_MS);
    return () => clearTimeout(timer);
  }, [watching, view, reload]);
  // The trace has grown since it was opened: its rows have other numbers now.
  const conflict = view?.problem.value;
  useEffect(() => {
    if (conflict instanceof ApiError && conflict.status === 409) setReload((n) => n + 1);
  }, [conflict]);
  if (view !== null) {
    return (
      <TracePage
        view={view}
        path={`trace/${traceId}`}
        downloads={[
          { label: "OTLP JSON", url: otlpDownload(traceId), name: `${traceId}.otlp.json` },
          { label: "Jaeger JSON", url: jaegerDownload(traceId), name: `${traceId}.jaeger.json` },
        ]}
        onReload={() => setReload((n) => n + 1)}
        watching={watching}
      />
    );
  }
  if (error !== null) return <Missing traceId={traceId} error={error} elsewhere={elsewhere} waiting={attempt < RETRIES} onRetry={() => setAttempt(attempt + 1)} />;
  return <Loading />;
}

function Loading(): VNode {
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

function Missing({ traceId, error, waiting, elsewhere, onRetry }: { traceId: string; error: Error; waiting: boolean; elsewhere: ComponentChildren; onRetry: () => void }): VNode {
  const notFound = error instanceof ApiError && error.status === 404;
  return (
    <div class="state">
      <h1>{notFound ? "This trace is not here" : "The trace could not be loaded"}</h1>
      {notFound ? (
        <>
          <p>
            No span of <code>{traceId}</code> is stored.{" "}
            {waiting ? "If it was sent just now it may still arrive: looking again…" : "It may have been dropped by retention or sampling, never have been sent, or have gone to another server."}
          </p>
        </>
      ) : (
        <p>{error.message}</p>
      )}
      <div class="actions">
        <button type="button" class="button primary" onClick={onRetry}>
          <Icon name="reload" />
          Look again
        </button>
        <a class="button" href={href("search")}>
          Search
        </a>
        {elsewhere}
      </div>
    </div>
  );
}

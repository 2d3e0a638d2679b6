// The pages that show a trace: one from the store by its id, or one from an opened file. Both end
// in the same TracePage. This module and its style sheet are loaded when first needed.

import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import "../styles/trace.css";
import { ApiError, isAbort } from "../api/client";
import { jaegerDownload, otlpDownload, RemoteSource } from "../api/endpoints";
import { takeSkeleton } from "../api/prefetch";
import { Icon } from "../components/Icon";
import { formatDuration, formatTime, nsToMs, plural } from "../model/format";
import { LocalSource } from "../model/LocalSource";
import { TraceModel } from "../model/TraceModel";
import { readTraceParams } from "../routes/params";
import { isArriving } from "../model/arrival";
import { href } from "../routes/router";
import { chooseFiles, opened, openError } from "./openedFiles";
import { TracePage } from "./TracePage";
import { TraceView } from "./view";

/** A trace that is not there may still be on its way. */
const RETRIES = 3;
const RETRY_MS = 2000;
const WATCH_MS = 4000;

export function StoredTrace({ traceId, params }: { traceId: string; params: URLSearchParams }): VNode {
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
  if (error !== null) return <Missing traceId={traceId} error={error} waiting={attempt < RETRIES} onRetry={() => setAttempt(attempt + 1)} />;
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

function Missing({ traceId, error, waiting, onRetry }: { traceId: string; error: Error; waiting: boolean; onRetry: () => void }): VNode {
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
        <button type="button" class="button" onClick={() => chooseFiles()}>
          <Icon name="upload" />
          Open from a file
        </button>
      </div>
    </div>
  );
}

export function OpenedTraces({ params }: { params: URLSearchParams }): VNode {
  const files = opened.value;
  const wanted = params.get("trace");
  const trace = files?.traces.find(({ header }) => header.traceId === wanted) ?? (files?.traces.length === 1 ? files.traces[0] : undefined);
  const view = useMemo(() => {
    if (trace === undefined) return null;
    const model = new TraceModel(trace);
    const next = new TraceView(model, new LocalSource(trace.details, (row) => model.serviceName(row)));
    void next.restore(readTraceParams(params));
    return next;
  }, [trace]);
  if (view !== null) {
    const note = (
      <>
        Opened from <strong>{files!.names}</strong>, only in this browser
        {files!.traces.length > 1 && (
          <>
            {" · "}
            <a href={href("import")}>all {plural(files!.traces.length, "trace")}</a>
          </>
        )}
      </>
    );
    return <TracePage key={trace!.header.traceId} view={view} path="import" downloads={[]} note={note} />;
  }
  return (
    <div class="import-page">
      {openError.value !== null && (
        <div class="notice error" role="alert">
          <Icon name="error" />
          {openError.value}
        </div>
      )}
      {files === null ? (
        <div class="drop-zone">
          <Icon name="upload" size={28} />
          <h1>Open a trace from a file</h1>
          <p class="muted">Jaeger JSON, OTLP JSON, or OTLP JSON lines, also gzipped. The file is read by this browser and sent nowhere.</p>
          <button type="button" class="button primary" onClick={() => chooseFiles()}>
            Choose files
          </button>
          <p class="muted">or drop them anywhere on the page</p>
        </div>
      ) : (
        <>
          <h1>
            {plural(files.traces.length, "trace")} in {files.names}
          </h1>
          <ul class="opened-list">
            {files.traces.map(({ header }) => (
              <li key={header.traceId}>
                <a href={href("import", new URLSearchParams({ trace: header.traceId }))}>
                  <strong>{header.rootService ?? "root span not in the file"}</strong> {header.rootName}
                </a>
                <span class="num">{formatDuration(Number(header.durationNs))}</span>
                <span class="num">{plural(header.n, "span")}</span>
                <span class={`num ${header.errorCount > 0 ? "error-text" : "muted"}`}>{plural(header.errorCount, "error")}</span>
                <span class="num muted">{formatTime(nsToMs(header.startNs))}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

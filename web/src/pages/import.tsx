//! The page at `import`: files that were opened in the browser, one trace of them, or a way to open some.

import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { chooseFiles, opened, openError, openKept } from "../files/opened";
import { href, place } from "../location/place";
import { formatDuration, formatTime, nsToMs, plural } from "../model/format";
import { LocalSource } from "../model/LocalSource";
import { serviceLabel } from "../model/service";
import { TraceModel } from "../model/TraceModel";
import { TracePage } from "../trace/TracePage";
import { TraceView } from "../trace/view";
import "./import.css";

export default function Import(): VNode {
  const { params } = place.value;
  const files = opened.value;
  useEffect(() => {
    if (files === null) void openKept();
  }, []);
  const wanted = params.get("trace");
  const trace = files?.traces.find(({ header }) => header.traceId === wanted) ?? (files?.traces.length === 1 ? files.traces[0] : undefined);
  const view = useMemo(() => {
    if (trace === undefined) return null;
    const model = new TraceModel(trace);
    return new TraceView(model, new LocalSource(trace.details, (row) => model.serviceName(row)));
  }, [trace]);
  if (view !== null) {
    const note = (
      <>
        {openError.value !== null && (
          <strong class="error-text" role="alert">
            {openError.value}.{" "}
          </strong>
        )}
        Opened from <strong>{files!.names}</strong>, only in this browser
        {files!.traces.length > 1 && (
          <>
            {" · "}
            <a href={href("import")}>all {plural(files!.traces.length, "trace")}</a>
          </>
        )}
      </>
    );
    return <TracePage key={trace!.header.traceId} view={view} downloads={[]} note={note} />;
  }
  return (
    <div class="import-page">
      {openError.value !== null && (
        <Notice kind="error" alert>
          {openError.value}
        </Notice>
      )}
      {files === null ? (
        <div class="drop-zone">
          <Icon name="upload" size={28} />
          <h1>Open a trace from a file</h1>
          <p class="muted">OTLP in JSON, JSON lines or protobuf, Jaeger JSON or Zipkin JSON, also gzipped. The file is read by this browser and sent nowhere.</p>
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
                  <strong>{header.rootService === null ? "root span not in the file" : serviceLabel(header.rootService)}</strong> {header.rootName}
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

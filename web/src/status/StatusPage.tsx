//! What the server says about itself: what came in and where it went, what is stored, how full the
//! limits are, and what was refused and why. It shows; it never changes anything.

import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { serverStatus } from "../api/status";
import type { Receiver, ServerStatus } from "../api/types";
import { Loaded, usePolled } from "../components/Loaded";
import { Notice } from "../components/Notice";
import { Table } from "../components/Table";
import { formatAgo, formatBytes, formatCount, formatDuration, formatTime, nsToMs } from "../model/format";
import { PipelineGraph } from "./PipelineGraph";
import "./StatusPage.css";

const POLL_MS = 3000;

export function StatusPage(): VNode {
  usePolled(serverStatus, POLL_MS);
  useEffect(() => {
    document.title = "Status · Tracewell";
  }, []);
  return (
    <div class="status-page">
      <h1>Status</h1>
      <Loaded resource={serverStatus} what="The status" placeholder={<p class="muted">Loading…</p>}>
        {(status) => <Sections status={status} />}
      </Loaded>
    </div>
  );
}

function Sections({ status }: { status: ServerStatus }): VNode {
  const { spans, store, receivers, complaints, memory, queries, openedTraces } = status;
  return (
    <>
      {store.unhealthy && <Notice kind="error">The store is not healthy: {store.unhealthy}</Notice>}
      {store.degraded && <Notice kind="warn">The store needs attention: {store.degraded}</Notice>}
      {status.warnings?.map((warning) => (
        <Notice key={warning} kind="warn">
          {warning}
        </Notice>
      ))}
      {status.reload?.error && (
        <Notice kind="error">The configuration was read again and cannot be used; what was before goes on: {status.reload.error}</Notice>
      )}
      {status.reload?.notes.map((note) => (
        <Notice key={note} kind="warn">
          {note}
        </Notice>
      ))}
      <div class="status-cards">
        <Card title="Server">
          <Fact name="Version">{status.version}</Fact>
          <Fact name="Running for">{formatDuration(status.uptimeSeconds * 1e9)}</Fact>
          {status.reload && <Fact name="Configuration read again">{formatTime(nsToMs(status.reload.atNs))}</Fact>}
          {status.endpoints.map(({ name, address }) => (
            <Fact key={name} name={name}>
              <code>{address}</code>
            </Fact>
          ))}
        </Card>
        <Card title="Spans since the start">
          <Fact name="Received">{count(spans.received)}</Fact>
          <Fact name="Stored">{count(spans.stored)}</Fact>
          <Fact name="Rejected">{Number(spans.rejected) > 0 ? <span class="error-text">{count(spans.rejected)}</span> : "0"}</Fact>
          <Fact name="On their way">{count(spans.inFlight ?? 0)}</Fact>
        </Card>
        <Card title="Storage">
          <Fact name="Spans">{count(store.spans)}</Fact>
          <Fact name="On disk">{formatBytes(Number(store.bytes))}</Fact>
          <Fact name="In memory">{formatBytes(Number(store.memoryBytes ?? 0))}</Fact>
          <Fact name="Blocks">{formatCount(store.blocks)}</Fact>
          {store.disk && (
            <Fact name="Directory">
              <code title={store.disk.dataDir}>{store.disk.dataDir}</code>
            </Fact>
          )}
          {store.disk?.freeBytes != null && <Fact name="Disk free">{`${formatBytes(store.disk.freeBytes)}${store.disk.totalBytes === null ? "" : ` of ${formatBytes(store.disk.totalBytes)}`}`}</Fact>}
          {store.disk && <Fact name="Kept">{kept(store.disk)}</Fact>}
          <Fact name="Removed by retention">{count(store.removedSpans ?? 0)}</Fact>
          <Fact name="From">{store.oldestNs === null ? "–" : formatTime(nsToMs(store.oldestNs), false)}</Fact>
          <Fact name="To">{store.newestNs === null ? "–" : formatTime(nsToMs(store.newestNs), false)}</Fact>
          {store.readOnly && <Fact name="Mode">read only</Fact>}
        </Card>
        <Card title="Limits">
          {memory && <Fact name="Memory of requests">{`${formatBytes(memory.requestsHeldBytes)} of ${formatBytes(memory.requestsLimitBytes)}`}</Fact>}
          {queries && <Fact name="Queries running">{`${formatCount(queries.running)} of ${formatCount(queries.runningLimit)}`}</Fact>}
          {queries && <Fact name="Queries waiting">{`${formatCount(queries.waiting)} of ${formatCount(queries.waitingLimit)}`}</Fact>}
          {queries && <Fact name="Memory of queries">{`${formatBytes(queries.memoryHeldBytes)}${queries.memoryLimitBytes === null ? "" : ` of ${formatBytes(queries.memoryLimitBytes)}`}`}</Fact>}
          {queries && <Fact name="Time of a query">{`${queries.timeLimitSeconds} s`}</Fact>}
          {openedTraces && <Fact name="Opened traces">{`${formatBytes(openedTraces.bytes)} of ${formatBytes(openedTraces.limitBytes)}`}</Fact>}
          {store.compaction && <Fact name="Blocks to merge">{`${formatCount(store.compaction.backlogBlocks)}, ${formatBytes(store.compaction.backlogBytes)}`}</Fact>}
        </Card>
      </div>
      <PipelineGraph status={status} />
      <h2>Receivers</h2>
      <Table
        label="Receivers"
        rows={receivers ?? []}
        rowKey={({ name }) => name}
        columns={[
          { name: "Receiver", show: ({ name }) => name, by: ({ name }) => name },
          { name: "Received", show: ({ received }) => count(received), by: ({ received }) => Number(received) },
          { name: "Stored", show: ({ stored }) => count(stored), by: ({ stored }) => Number(stored) },
          { name: "Rejected", show: ({ rejected }) => reasons(rejected) },
          { name: "Repaired", show: ({ repaired }) => reasons(repaired) },
          { name: "Requests", show: ({ requests }) => reasons(requests) },
        ]}
      />
      {(status.processors ?? []).length > 0 && <Processors processors={status.processors!} />}
      {(status.exporters ?? []).length > 0 && <Exporters exporters={status.exporters!} />}
      {(status.metricExporters ?? []).length > 0 && <MetricExporters exporters={status.metricExporters!} />}
      {status.adaptiveSampling && <AdaptiveSampling sampling={status.adaptiveSampling} />}
      <h2>Refused or taken in part</h2>
      {(complaints ?? []).length === 0 ? (
        <p class="muted">Nothing: every request was taken as it was.</p>
      ) : (
        <Table
          label="Refusals"
          rows={complaints!}
          rowKey={({ receiver, reason, peer, message }) => [receiver, reason, peer, message].join("\n")}
          columns={[
            { name: "Last", show: ({ lastNs }) => <span title={formatTime(nsToMs(lastNs))}>{formatAgo(nsToMs(lastNs), Date.now())}</span>, by: ({ lastNs }) => nsToMs(lastNs) },
            { name: "Times", show: ({ times }) => count(times), by: ({ times }) => Number(times) },
            { name: "Receiver", show: ({ receiver }) => receiver, by: ({ receiver }) => receiver },
            { name: "Reason", show: ({ reason }) => reason, by: ({ reason }) => reason },
            { name: "From", show: ({ peer, userAgent }) => [peer, userAgent].filter(Boolean).join(", ") },
            { name: "What", show: ({ message }) => message },
          ]}
        />
      )}
    </>
  );
}

/** What is done to spans on their way, and how many end there. */
function Processors({ processors }: { processors: NonNullable<ServerStatus["processors"]> }): VNode {
  return (
    <>
      <h2>Processors</h2>
      <Table
        label="Processors"
        rows={processors}
        rowKey={({ pipeline, name }) => `${pipeline}\n${name}`}
        columns={[
          { name: "Pipeline", show: ({ pipeline }) => pipeline, by: ({ pipeline }) => pipeline },
          { name: "Processor", show: ({ name }) => name, by: ({ name }) => name },
          { name: "Received", show: ({ received }) => count(received), by: ({ received }) => Number(received) },
          { name: "Passed on", show: ({ passed }) => count(passed), by: ({ passed }) => Number(passed) },
          { name: "Waiting", show: ({ inFlight }) => count(inFlight), by: ({ inFlight }) => Number(inFlight) },
          { name: "Dropped", show: ({ dropped }) => reasons(dropped) },
          { name: "Refused", show: ({ rejected }) => count(rejected), by: ({ rejected }) => Number(rejected) },
          { name: "Errors", show: ({ errors }) => count(errors), by: ({ errors }) => Number(errors) },
        ]}
      />
    </>
  );
}

/** Where spans are sent on to, and whether they get there. */
function Exporters({ exporters }: { exporters: NonNullable<ServerStatus["exporters"]> }): VNode {
  return (
    <>
      <h2>Exporters</h2>
      <Table
        label="Exporters"
        rows={exporters}
        rowKey={({ name }) => name}
        columns={[
          { name: "Exporter", show: ({ name }) => name, by: ({ name }) => name },
          { name: "To", show: ({ endpoint }) => <code>{endpoint}</code>, by: ({ endpoint }) => endpoint },
          { name: "Received", show: ({ received }) => count(received), by: ({ received }) => Number(received) },
          { name: "Sent", show: ({ sent }) => count(sent), by: ({ sent }) => Number(sent) },
          { name: "Waiting", show: ({ inFlight }) => count(inFlight), by: ({ inFlight }) => Number(inFlight) },
          { name: "On the disk", show: ({ queue }) => (queue ? `${formatBytes(queue.heldBytes)} of ${formatBytes(queue.limitBytes)}` : ""), by: ({ queue }) => queue?.heldBytes ?? 0 },
          { name: "Rejected", show: ({ rejected }) => reasons(rejected) },
          { name: "At present", show: ({ lastError }) => (lastError === null ? "well" : <span class="error-text">{lastError}</span>) },
        ]}
      />
    </>
  );
}

/** Where what connectors count is sent on to. */
function MetricExporters({ exporters }: { exporters: NonNullable<ServerStatus["metricExporters"]> }): VNode {
  return (
    <>
      <h2>Exporters of metrics</h2>
      <Table
        label="Exporters of metrics"
        rows={exporters}
        rowKey={({ name }) => name}
        columns={[
          { name: "Exporter", show: ({ name }) => name, by: ({ name }) => name },
          { name: "To", show: ({ endpoint }) => <code>{endpoint}</code>, by: ({ endpoint }) => endpoint },
          { name: "Values", show: ({ collected }) => count(collected), by: ({ collected }) => collected },
          { name: "Sent", show: ({ sent }) => count(sent), by: ({ sent }) => sent },
          { name: "Superseded", show: ({ superseded }) => count(superseded), by: ({ superseded }) => superseded },
          { name: "Waiting", show: ({ inFlight }) => count(inFlight), by: ({ inFlight }) => inFlight },
          { name: "Rejected", show: ({ rejected }) => reasons(rejected) },
          { name: "At present", show: ({ lastError }) => (lastError === null ? "well" : <span class="error-text">{lastError}</span>) },
        ]}
      />
    </>
  );
}

/** What clients are told to record of each operation that has a target. */
function AdaptiveSampling({ sampling: { count: all, operations } }: { sampling: NonNullable<ServerStatus["adaptiveSampling"]> }): VNode {
  return (
    <>
      <h2>Adaptive sampling</h2>
      {operations.length === 0 ? (
        <p class="muted">No root span of an operation with a target has arrived yet.</p>
      ) : (
        <Table
          label="Adaptive sampling"
          rows={operations}
          rowKey={({ service, operation }) => `${service}\n${operation}`}
          columns={[
            { name: "Service", show: ({ service }) => service, by: ({ service }) => service },
            { name: "Operation", show: ({ operation }) => operation, by: ({ operation }) => operation },
            { name: "Begun", show: ({ offeredPerSecond }) => perSecond(offeredPerSecond), by: ({ offeredPerSecond }) => offeredPerSecond },
            { name: "Wanted", show: ({ targetPerSecond }) => perSecond(targetPerSecond), by: ({ targetPerSecond }) => targetPerSecond },
            { name: "Recorded", show: ({ recordedPerSecond }) => perSecond(recordedPerSecond), by: ({ recordedPerSecond }) => recordedPerSecond },
            { name: "Share", show: ({ probability }) => `${Number((probability * 100).toPrecision(3))} %`, by: ({ probability }) => probability },
            { name: "Why", show: ({ reason }) => reason },
          ]}
        />
      )}
      {all > operations.length && <p class="muted">{`${formatCount(all - operations.length)} more operations`}</p>}
    </>
  );
}

const perSecond = (rate: number): string => `${Number(rate.toPrecision(3))} /s`;

const count = (n: number | string): string => formatCount(Number(n));

/** What retention leaves: `for 7d, up to 50 GB`. */
function kept({ retentionAgeSeconds: age, retentionBytes: bytes, retentionFreeBytes: free }: NonNullable<ServerStatus["store"]["disk"]>): string {
  const limits = [
    age === null ? null : `for ${formatDuration(age * 1e9)}`,
    bytes === null ? null : `up to ${formatBytes(bytes)}`,
    free === null ? null : `while ${formatBytes(free)} of the disk are free`,
  ].filter((limit) => limit !== null);
  return limits.length === 0 ? "for ever" : limits.join(", ");
}

/** `undecodable 3, busy 1`; what did not happen is left out. */
function reasons(counts: Receiver["requests"]): string {
  const happened = Object.entries(counts).filter(([, times]) => Number(times) > 0);
  return happened.length === 0 ? "–" : happened.map(([reason, times]) => `${reason.replaceAll("_", " ")} ${count(times)}`).join(", ");
}

function Card({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <section class="status-card">
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

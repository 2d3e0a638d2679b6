//! What a person sees before the first span: where to send spans, how, and a light that turns green
//! when one arrives; the results then appear by themselves.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { session as signedIn } from "../api/session";
import { serverStatus } from "../api/status";
import type { ServerStatus } from "../api/types";
import { CopyButton } from "../components/CopyButton";
import { usePolled, useResource } from "../components/Loaded";
import { Tabs } from "../components/Tabs";
import { plural } from "../model/format";
import type { SearchSession } from "./session";
import { SNIPPETS } from "./snippets";
import "./FirstRun.css";

const POLL_MS = 1000;
/** Endpoints that are asked, not sent to. */
const QUERY_ENDPOINT = /\b(UI|query|health|sampling)\b/i;

const storedSpans = (answer: ServerStatus): number => Math.max(Number(answer.spans.stored) || 0, Number(answer.store.spans) || 0);

/** The server's status while it has never stored a span, else null. */
export function useFirstRun(session: SearchSession): ServerStatus | null {
  const { data } = useResource(serverStatus);
  const phase = session.phase.value;
  const found = session.traces.value.length > 0;
  // The answer may be older than the search, which found nothing.
  const empty = (phase === "done" || phase === "failed") && !found;
  const [old, setOld] = useState<ServerStatus | null>(null);
  const [waiting, setWaiting] = useState<ServerStatus | null>(null);
  useEffect(() => {
    if (!empty) return;
    setOld(data);
    serverStatus.refresh();
  }, [empty]);
  useEffect(() => {
    if (found) setWaiting(null);
    else if (empty && data !== null && data !== old) setWaiting(storedSpans(data) === 0 ? data : null);
  }, [data, empty, found]);
  return waiting;
}

export function FirstRun({ status: initial, onFirstSpan }: { status: ServerStatus; onFirstSpan: () => void }): VNode {
  const [language, setLanguage] = useState(SNIPPETS[0]!.name);
  const { data } = usePolled(serverStatus, POLL_MS);
  const who = useResource(signedIn).data;
  const headers: Record<string, string> = {};
  if (who?.asks) headers["authorization"] = "Bearer TOKEN";
  if (who?.tenants && who.tenant !== null) headers["x-scope-orgid"] = who.tenant;
  const received = data === null ? 0 : storedSpans(data);
  useEffect(() => {
    if (received > 0) onFirstSpan();
  }, [received]);
  if (initial.store.readOnly) return <NothingToRead />;
  const receivers = initial.endpoints.filter(({ name }) => !QUERY_ENDPOINT.test(name));
  const address = (name: string, port: number): string => initial.endpoints.find((endpoint) => endpoint.name === name)?.address ?? `127.0.0.1:${port}`;
  const endpoints = { grpc: reachable(address("OTLP gRPC", 4317)), http: reachable(address("OTLP HTTP", 4318)) };
  const snippet = SNIPPETS.find(({ name }) => name === language)!;
  const code = snippet.code({ ...endpoints, headers });
  return (
    <div class="first-run">
      <div class={`light ${received > 0 ? "on" : ""}`} role="status">
        <span class="lamp" aria-hidden="true" />
        {received > 0 ? `${plural(received, "span")} received. Loading your trace…` : "Waiting for the first span"}
      </div>
      <h2>Send your first trace</h2>
      <p class="muted">Point any OpenTelemetry SDK or collector at this server. Nothing else needs setting up, and this page shows the trace as soon as it arrives.</p>
      <dl class="endpoints">
        {receivers.map(({ name, address: at }) => (
          <div key={name + at}>
            <dt>{name}</dt>
            <dd class="mono">
              {at}
              <CopyButton text={at} title={`Copy the address of ${name}`} />
            </dd>
          </div>
        ))}
      </dl>
      <Tabs label="Language" tabs={SNIPPETS.map(({ name }) => ({ name, label: name }))} current={language} onChange={setLanguage}>
        <div class="snippet">
          <CopyButton text={code} title="Copy" label="Copy" class="button small" />
          <pre tabIndex={0}>{code}</pre>
        </div>
      </Tabs>
    </div>
  );
}

/** A server that takes no spans and has none: waiting for one would be in vain. */
function NothingToRead(): VNode {
  return (
    <div class="first-run">
      <h2>This data directory holds no spans</h2>
      <p class="muted">The server only looks into it (--read-only): it receives nothing, and nothing in the directory changes. Start it with another --data-dir, or without --read-only.</p>
    </div>
  );
}

/** An address to listen on is not one to send to: any interface becomes the host of this page. */
function reachable(address: string): string {
  const port = address.slice(address.lastIndexOf(":"));
  return /^(0\.0\.0\.0|\[::\]|)$/.test(address.slice(0, -port.length)) ? location.hostname + port : address;
}

//! Everything about the selected span: summary, errors first, attributes in groups, events, links,
//! resource and scope. Text from spans is only ever text.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { recall, remember } from "../model/preferences";
import { CopyButton, copyText } from "../components/CopyButton";
import { Popover } from "../components/Popover";
import { COPY_FORMATS } from "../model/copyAs";
import { Icon } from "../components/Icon";
import { Failure } from "../components/Loaded";
import type { SpanDetail } from "../model/details";
import { FLAG } from "../model/columns";
import { formatCount, formatDuration, formatTime, nsToMs, plural } from "../model/format";
import { serviceLabel } from "../model/service";
import { NO_ROW } from "../model/TraceModel";
import { href } from "../location/place";
import { AttributeGroups, AttributeTable } from "./Attributes";
import { Events } from "./Events";
import { useSpanLinks } from "./links";
import { Usual } from "./Usual";
import type { TraceView } from "./view";
import "./DetailPane.css";

export function DetailPane({ view, stored }: { view: TraceView; stored: boolean }): VNode {
  const side = view.paneSide.value;
  const [size, setSize] = useState(Number(recall(`tracewell.pane.${side}`)) || (side === "right" ? 440 : 300));
  useEffect(() => setSize(Number(recall(`tracewell.pane.${side}`)) || (side === "right" ? 440 : 300)), [side]);
  const row = view.selected.value;
  void view.details.version.value;
  const detail = view.detail(row);
  // While the next span's details are on their way the last ones stay, so that nothing flickers; but
  // not when it is said why they do not come.
  const last = useRef<SpanDetail | undefined>(undefined);
  if (detail !== undefined) last.current = detail;
  const shown = detail ?? (view.details.problem.value === null ? last.current : undefined);
  const resize = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const rect = handle.parentElement!.getBoundingClientRect();
    const next = side === "right" ? rect.right - event.clientX : rect.bottom - event.clientY;
    const bounded = Math.max(side === "right" ? 280 : 140, Math.min(next, (side === "right" ? innerWidth : innerHeight) * 0.7));
    setSize(bounded);
    remember(`tracewell.pane.${side}`, String(Math.round(bounded)));
  };
  return (
    <aside class="detail-pane" aria-label="Span details" style={side === "right" ? { width: `${size}px` } : { height: `${size}px` }}>
      <div class="pane-edge" onPointerDown={(event) => (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)} onPointerMove={resize} />
      {shown === undefined ? (
        <PaneState view={view} />
      ) : (
        <div class={`detail ${detail === undefined ? "stale" : ""}`} key={shown.row}>
          <SpanDetails view={view} detail={shown} stored={stored} />
        </div>
      )}
    </aside>
  );
}

function PaneState({ view }: { view: TraceView }): VNode {
  const error = view.details.problem.value;
  if (error === null) return <p class="pane-empty">Loading…</p>;
  return <Failure what="The details of this span" error={error} retryAtMs={view.details.retryAtMs.value} onRetry={() => view.details.again()} />;
}

function SpanDetails({ view, detail, stored }: { view: TraceView; detail: SpanDetail; stored: boolean }): VNode {
  const { model } = view;
  const { row } = detail;
  const links = useSpanLinks(view, detail);
  const [filter, setFilter] = useState("");
  const parent = model.parent[row]!;
  const duration = model.columns.duration[row]!;
  const flags = model.columns.flags[row]!;
  const share = (duration / model.durationNs) * 100;
  const failed = model.isError(row);
  const exceptions = detail.events.filter(({ name }) => name === "exception");
  const total = detail.attributes.length + detail.resource.attributes.length;
  return (
    <>
      <header class="detail-head">
        <div class="detail-title">
          <span class="dot" style={{ "--c": `var(--svc-${view.colourOf(row)})` }} />
          <h2>
            <span class="muted">{serviceLabel(model.serviceName(row))}</span> {detail.name || "(no name)"}
          </h2>
          <CopyMenu span={detail} service={model.serviceName(row)} traceId={model.header.traceId} />
          <button type="button" class="button quiet small icon-only" title="Dock at the other side (\)" aria-label="Dock at the other side" onClick={() => view.dock(view.paneSide.peek() === "right" ? "bottom" : "right")}>
            <Icon name={view.paneSide.value === "right" ? "paneBottom" : "pane"} size={14} />
          </button>
          <button type="button" class="button quiet small icon-only" title="Close (b)" aria-label="Close details" onClick={() => view.openPane(false)}>
            <Icon name="close" size={14} />
          </button>
        </div>
        <dl class="detail-facts">
          <Fact name="Duration">
            <strong>{flags & FLAG.negativeDuration ? "ends before it starts" : formatDuration(duration)}</strong>
            <span class="muted"> {share >= 0.1 ? `${share.toFixed(share < 10 ? 1 : 0)} % of the trace` : "< 0.1 % of the trace"}</span>
          </Fact>
          {stored && (
            <Fact name="Usually">
              <Usual view={view} detail={detail} />
            </Fact>
          )}
          <Fact name="Starts">
            +{formatDuration(model.columns.start[row]!)}
            <span class="muted" title={detail.startNs}>
              {" "}
              {formatTime(nsToMs(detail.startNs)).slice(11)}
            </span>
          </Fact>
          <Fact name="Kind">{detail.kind}</Fact>
          <Fact name="Status">
            {detail.statusCode === "error" || failed ? (
              <span class="error-text status">
                <Icon name="error" size={13} />
                {detail.statusCode === "error" ? "error" : `${detail.statusCode}, but failed`}
              </span>
            ) : (
              detail.statusCode
            )}
          </Fact>
          <Fact name="Span id">
            <span class="mono">{detail.spanId}</span>
            <CopyButton text={detail.spanId} title="Copy the span id" />
          </Fact>
          <Fact name="Parent">
            {detail.parentSpanId === null ? (
              <span class="muted">none, this is a root</span>
            ) : parent === NO_ROW ? (
              <span class="warn-text">
                <span class="mono">{detail.parentSpanId}</span> {flags & FLAG.cycle ? "has this span among its own parents: a cycle" : stored ? "never arrived" : "is not in the file"}
              </span>
            ) : (
              <button type="button" class="link-button" onClick={() => view.jump(parent)}>
                {model.spanName(parent)}
              </button>
            )}
          </Fact>
          {model.hasChildren(row) && (
            <Fact name="Below">
              {plural(model.childCount(row), "child", "children")}
              <span class="muted">, {plural(model.columns.subtree[row]! - 1, "span")} in all</span>
            </Fact>
          )}
        </dl>
      </header>
      {detail.statusMessage !== "" && (
        <div class={`message ${failed ? "error" : ""}`}>
          <p>{detail.statusMessage}</p>
          <CopyButton text={detail.statusMessage} title="Copy the message" />
        </div>
      )}
      {detail.warnings.length > 0 && (
        <ul class="detail-warnings">
          {detail.warnings.map((warning) => (
            <li key={warning}>
              <Icon name="warning" size={13} />
              {warning}
            </li>
          ))}
        </ul>
      )}
      {exceptions.length > 0 && <Events events={exceptions} title="Exceptions" links={links.logs} />}
      {total > 8 && (
        <label class="detail-filter">
          <Icon name="search" size={13} />
          <input class="input" placeholder={`Search ${formatCount(total)} attributes`} aria-label="Search in attributes" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
      )}
      <AttributeGroups attributes={detail.attributes} filter={filter} view={view} stored={stored} links={links.tags} />
      <Dropped count={detail.droppedAttributes} what="attribute" />
      {detail.events.length > exceptions.length && <Events events={detail.events.filter((event) => !exceptions.includes(event))} title="Events" links={links.logs} />}
      <Dropped count={detail.droppedEvents} what="event" />
      {detail.links.length > 0 && (
        <Section title="Links" count={detail.links.length}>
          {detail.links.map((link) => (
            <div class="link-card" key={link.traceId + link.spanId}>
              <a href={href(`trace/${link.traceId}`, new URLSearchParams({ span: link.spanId }))}>
                <Icon name="link" size={13} />
                <span class="mono">
                  {link.traceId.slice(0, 8)}…/{link.spanId}
                </span>
                {link.traceId === model.header.traceId ? " in this trace" : ""}
              </a>
              {link.attributes.length > 0 && <AttributeTable attributes={link.attributes} />}
            </div>
          ))}
        </Section>
      )}
      <Dropped count={detail.droppedLinks} what="link" />
      <Section title="Resource" count={detail.resource.attributes.length} open={filter !== ""}>
        <AttributeTable attributes={detail.resource.attributes} filter={filter} view={view} stored={stored} scope="resource" links={links.process} />
        <Dropped count={detail.resource.droppedAttributes} what="resource attribute" />
      </Section>
      <Section title="Scope" note={detail.scope.version === "" ? detail.scope.name : `${detail.scope.name} ${detail.scope.version}`}>
        <AttributeTable
          attributes={[
            { key: "name", type: "string", value: detail.scope.name },
            { key: "version", type: "string", value: detail.scope.version },
            ...(detail.scope.schemaUrl === "" ? [] : [{ key: "schema url", type: "string" as const, value: detail.scope.schemaUrl }]),
            ...(detail.traceState === "" ? [] : [{ key: "trace state", type: "string" as const, value: detail.traceState }]),
            ...detail.scope.attributes,
          ]}
        />
      </Section>
    </>
  );
}

function CopyMenu({ span, service, traceId }: { span: SpanDetail; service: string; traceId: string }): VNode {
  return (
    <Popover label={<Icon name="copy" size={14} />} title="Copy the span as" class="button quiet small icon-only" align="end">
      {(close) =>
        COPY_FORMATS.map(({ name, text }) => {
          const copied = text(span, service, traceId);
          return copied === null ? null : (
            <button
              type="button"
              key={name}
              class="menu-item"
              onClick={() => {
                void copyText(copied);
                close();
              }}
            >
              {name}
            </button>
          );
        })
      }
    </Popover>
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

function Section({ title, count, note, open = title === "Links", children }: { title: string; count?: number; note?: string; open?: boolean; children: ComponentChildren }): VNode {
  return (
    <details class="section" open={open}>
      <summary>
        <Icon name="right" size={12} />
        <h3>{title}</h3>
        {count !== undefined && <span class="muted num">{count}</span>}
        {note && <span class="muted note">{note}</span>}
      </summary>
      {children}
    </details>
  );
}

function Dropped({ count, what }: { count: number; what: string }): VNode | null {
  if (count === 0) return null;
  return (
    <p class="dropped">
      <Icon name="warning" size={13} />
      {plural(count, what)} dropped by the SDK before sending
    </p>
  );
}

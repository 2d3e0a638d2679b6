//! Where the time of a trace is, and what is odd about it: findings that mark their spans in the
//! waterfall. The sentences are the server's; it must never judge by itself.

import type { VNode } from "preact";
import { Icon } from "../components/Icon";
import { Loaded } from "../components/Loaded";
import type { Explanation, Finding, PathOperation } from "../model/explanation";
import { formatCount, formatDuration, plural } from "../model/format";
import { serviceLabel } from "../model/service";
import type { TraceView } from "./view";
import "./ExplainPanel.css";

export function ExplainPanel({ view }: { view: TraceView }): VNode | null {
  const { resource, open, drawn } = view.explained;
  if (resource === null || !(open.value || drawn.value)) return null;
  const placeholder = <p class="muted explain-wait">Reading the whole trace…</p>;
  return (
    <section class={open.value ? "explain" : undefined} aria-label="Explanation">
      <Loaded resource={resource} what="The explanation" placeholder={placeholder}>
        {(data) => (open.value ? <Lists view={view} data={data} /> : null)}
      </Loaded>
    </section>
  );
}

function Lists({ view, data }: { view: TraceView; data: Explanation }): VNode {
  const { drawn } = view.explained;
  const pathNs = Number(data.pathNs);
  return (
    <>
      <div class="explain-part">
        <h2>
          {data.findings.length === 0 ? "Nothing odd was found" : plural(data.findings.length + data.leftOut, "finding")}
        </h2>
        <ul class="findings">
          {data.findings.map((finding) => (
            <li key={`${finding.kind} ${finding.rows[0]} ${finding.says}`}>
              <FindingButton view={view} finding={finding} pathNs={pathNs} />
            </li>
          ))}
        </ul>
        {data.leftOut > 0 && <p class="muted">{formatCount(data.leftOut)} more are not listed.</p>}
      </div>
      <div class="explain-part">
        <div class="explain-head">
          <h2>Where the time is</h2>
          <button type="button" class="button quiet small" aria-pressed={drawn.value} title="Draw the critical path (c)" onClick={() => view.explained.toggleDrawn()}>
            Critical path
          </button>
          <button type="button" class="button quiet small icon-only" aria-label="Close the explanation" title="Close (x)" onClick={() => view.explained.toggle()}>
            <Icon name="close" size={13} />
          </button>
        </div>
        <ol class="operations">
          {data.operations.slice(0, MOST_OPERATIONS).map((operation) => (
            <li key={`${operation.service} ${operation.kind} ${operation.name}`}>
              <OperationButton view={view} operation={operation} pathNs={pathNs} />
            </li>
          ))}
        </ol>
        {data.operationCount > MOST_OPERATIONS && <p class="muted">and {formatCount(data.operationCount - MOST_OPERATIONS)} more operations, of {formatDuration(pathNs)} in all</p>}
      </div>
    </>
  );
}

/** What follows has little of the time. */
const MOST_OPERATIONS = 8;

function FindingButton({ view, finding, pathNs }: { view: TraceView; finding: Finding; pathNs: number }): VNode {
  const shown = view.explained.finding.value === finding;
  const costNs = Number(finding.costNs);
  return (
    <>
      <button type="button" class={`finding ${finding.kind.startsWith("error") ? "is-error" : ""}`} aria-pressed={shown} title="Mark its spans" onClick={() => view.showFinding(shown ? null : finding)}>
        <span class="finding-title">
          {finding.kind.startsWith("error") && <Icon name="error" size={13} />}
          <b>{finding.title}</b>
          {costNs > 0 && (
            <span class="num">
              {formatDuration(costNs)}, {percent(costNs, pathNs)}
            </span>
          )}
        </span>
        <span>{finding.says}</span>
      </button>
      {shown && (
        <p class="muted look-at">
          {finding.lookAt} {finding.spanCount > 1 && `${plural(finding.spanCount, "span")} marked.`}
        </p>
      )}
    </>
  );
}

function OperationButton({ view, operation, pathNs }: { view: TraceView; operation: PathOperation; pathNs: number }): VNode {
  const ns = Number(operation.criticalNs);
  return (
    <button type="button" class="operation" title="Go to its span with most of the time" onClick={() => view.jump(operation.rows[0]!)}>
      <span class="num">{percent(ns, pathNs)}</span>
      <span class="num">{formatDuration(ns)}</span>
      <span class="operation-name">
        <b>{serviceLabel(operation.service)}</b> {operation.name || "(no name)"}
        {operation.spanCount > 1 && <span class="muted num"> × {formatCount(operation.spanCount)}</span>}
      </span>
      <span class="share" style={{ width: `${(ns / pathNs) * 100}%` }} />
    </button>
  );
}

const percent = (ns: number, ofNs: number): string => `${((ns / Math.max(1, ofNs)) * 100).toFixed(0)} %`;

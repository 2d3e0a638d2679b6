//! The pipelines of a Collector's file as the server runs them: what stands behind what, how many
//! spans a second go over each edge, how many are refused and how many wait. Below it the sum over
//! the whole graph. Lists in their order, so that who hears the page follows a span as well.

import type { ComponentChildren, VNode } from "preact";
import { useRef } from "preact/hooks";
import type { Edge, Pipeline, ServerStatus } from "../api/types";
import { formatCount } from "../model/format";
import { edgeKey, type Flow, flowOf, readingOf } from "./rates";
import "./PipelineGraph.css";

type Reading = ReturnType<typeof readingOf>;

/** What a box stands for, as it is said. */
type Sort = "receiver" | "connector" | "processor" | "exporter";

interface Box {
  name: string;
  sort: Sort;
  /** Those that come to it; of a receiver, those that leave it. */
  edges: Edge[];
}

export function PipelineGraph({ status }: { status: ServerStatus }): VNode | null {
  const [before, now] = useReadings(status);
  const { graph } = status;
  if (graph === undefined || graph === null) return null;
  return (
    <>
      <h2 id="pipelines">Pipelines</h2>
      {graph.pipelines.map((pipeline) => (
        <section key={pipeline.name} class="pipeline" aria-label={`Pipeline ${pipeline.name}`}>
          <h3>{pipeline.name}</h3>
          <ol class="stages">
            {stages(pipeline, now, new Set(graph.connectors)).map((boxes, place) => (
              <li key={place} class={boxes.length > 1 ? "stage several" : "stage"}>
                {place > 0 && <Arrow />}
                <ul>
                  {boxes.map((box) => (
                    <BoxView key={box.name} box={box} flow={flowOf(box.edges, before, now)} />
                  ))}
                </ul>
              </li>
            ))}
          </ol>
        </section>
      ))}
      <Sum sum={graph.sum} />
    </>
  );
}

/** The answer before this one, and this one. */
function useReadings(status: ServerStatus): [Reading | null, Reading] {
  const known = useRef<{ status: ServerStatus; before: Reading | null; now: Reading } | null>(null);
  if (known.current?.status !== status) {
    known.current = { status, before: known.current?.now ?? null, now: readingOf(status) };
  }
  return [known.current.before, known.current.now];
}

function stages(pipeline: Pipeline, now: Reading, connectors: Set<string>): Box[][] {
  const { name, receivers, processors, exporters } = pipeline;
  const edge = (from: string | null, to: string | null): Edge[] => {
    const found = now.edges.get(edgeKey({ pipeline: name, from, to }));
    return found === undefined ? [] : [found];
  };
  const sort = (of: string, otherwise: Sort): Sort => (connectors.has(of) ? "connector" : otherwise);
  const [first, last] = [processors[0] ?? null, processors.at(-1) ?? null];
  return [
    receivers.map((of) => ({ name: of, sort: sort(of, "receiver"), edges: edge(of, first) })),
    ...processors.map((of, place): Box[] => [
      { name: of, sort: "processor", edges: place === 0 ? receivers.flatMap((from) => edge(from, of)) : edge(processors[place - 1]!, of) },
    ]),
    exporters.map((of) => ({ name: of, sort: sort(of, "exporter"), edges: edge(last, of) })),
  ];
}

function BoxView({ box: { name, sort, edges }, flow }: { box: Box; flow: Flow }): VNode {
  const { perSecond, refusedPerSecond, waiting } = flow;
  return (
    <li class={`box ${sort}`}>
      <span class="box-name">{name}</span>
      <span class="visually-hidden">{`, ${sort}${edges.length === 0 ? "" : ":"} `}</span>
      {edges.length > 0 && (
        <span class="box-flow num">
          {rate(perSecond)}
          {waiting > 0 && <Part>{`${formatCount(waiting)} waiting`}</Part>}
          {refusedPerSecond !== null && refusedPerSecond > 0 && (
            <Part>
              <span class="error-text">{`${rate(refusedPerSecond)} refused`}</span>
            </Part>
          )}
        </span>
      )}
    </li>
  );
}

const Part = ({ children }: { children: ComponentChildren }): VNode => <span class="part">{children}</span>;

const rate = (perSecond: number | null): string => (perSecond === null ? "– spans/s" : `${formatCount(perSecond < 10 ? Number(perSecond.toPrecision(2)) : Math.round(perSecond))} spans/s`);

/** From the stage before: to the right, and down where the page is narrow. */
function Arrow(): VNode {
  return (
    <svg class="arrow" viewBox="0 0 24 12" width="24" height="12" aria-hidden="true">
      <path d="M0 6H22M17 1.5L22 6L17 10.5" />
    </svg>
  );
}

/** received + restored + copied = everything else. */
function Sum({ sum }: { sum: NonNullable<ServerStatus["graph"]>["sum"] }): VNode {
  const dropped = Object.entries(sum.dropped);
  const came: [string, number][] = [
    ["received", sum.received],
    ["restored from the disk", sum.restored],
    ["copied to go several ways", sum.copied],
  ];
  const went: [string, number][] = [
    ["stored here", sum.stored],
    ["forwarded", sum.forwarded],
    ["counted by connectors", sum.counted],
    ["discarded by nop and debug", sum.discarded],
    ...dropped.map(([reason, spans]): [string, number] => [reason.replaceAll("_", " "), spans]),
    ["rejected", sum.rejected],
    ["on their way", sum.inFlight],
  ];
  const all = (of: [string, number][]): number => of.reduce((total, [, spans]) => total + spans, 0);
  return (
    <div class="status-cards" role="group" aria-label="Every span of the pipelines">
      <Column title={`${formatCount(all(came))} spans came`} rows={came} />
      <Column title={`${formatCount(all(went))} are somewhere`} rows={went} />
    </div>
  );
}

/** What did not happen is left out, but for the first and the last. */
function Column({ title, rows }: { title: string; rows: [string, number][] }): VNode {
  return (
    <section class="status-card">
      <h2>{title}</h2>
      <dl>
        {rows
          .filter(([, spans], place) => spans > 0 || place === 0 || place === rows.length - 1)
          .map(([name, spans]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="num">{formatCount(spans)}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

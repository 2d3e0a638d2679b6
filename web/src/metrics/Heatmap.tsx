//! How many spans had which value when: time across, buckets up, darker for more. The table below has
//! the same buckets as text.

import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { MetricsAnswer } from "../api/types";
import { themeColours } from "../components/canvas";
import { type Column, Table, type Order } from "../components/Table";
import { formatClock, formatCount, formatTime, nsToMs, plural } from "../model/format";
import { type Grid, gridOf, groupsOf } from "./histogram";
import { TimeChart } from "./TimeChart";
import { formatFigure } from "./units";

export interface HeatmapProps {
  answer: MetricsAnswer;
  /** The groups that are shown; all where there is none. */
  only: readonly string[];
  onOnly: (groups: string[]) => void;
  order: Order | null;
  onOrder: (order: Order) => void;
  onSelect: (fromMs: number, toMs: number) => void;
}

const LABEL_PX = 26;

export function Heatmap({ answer, only, onOnly, order, onOrder, onSelect }: HeatmapProps): VNode {
  const grid = useMemo(() => gridOf(answer, only), [answer, only.join("\n")]);
  const groups = groupsOf(answer);
  return (
    <>
      {groups.length > 1 && (
        <label class="figures-group">
          Shown
          <select class="input" value={only[0] ?? ""} onChange={({ currentTarget: { value } }) => onOnly(value === "" ? [] : [value])}>
            <option value="">all {groups.length} together</option>
            {groups.map((group) => (
              <option key={group}>{group}</option>
            ))}
          </select>
        </label>
      )}
      <div class="figures-card">
        <Cells answer={answer} grid={grid} onSelect={onSelect} />
      </div>
      <Buckets answer={answer} grid={grid} order={order} onOrder={onOrder} />
    </>
  );
}

function Cells({ answer, grid, onSelect }: { answer: MetricsAnswer; grid: Grid } & Pick<HeatmapProps, "onSelect">): VNode {
  const stepMs = Number(answer.stepNs) / 1e6;
  // A sample is of the step that ends there.
  const fromMs = nsToMs(answer.startNs) - stepMs;
  const { bounds, rows, max } = grid;
  const bucketAt = (y: number, top: number, bottom: number): number => Math.floor(((bottom - y) / (bottom - top)) * bounds.length);
  return (
    <TimeChart
      fromMs={fromMs}
      toMs={fromMs + answer.count * stepMs}
      label={`Heatmap of ${plural(bounds.length, "bucket")} over time; the table below has the same as figures`}
      inputs={[grid]}
      draw={(context, { left, right, top, bottom }) => {
        const colours = themeColours();
        const [width, height] = [(right - left) / answer.count, (bottom - top) / Math.max(1, bounds.length)];
        const gap = width > 5 ? 1 : 0;
        const every = Math.max(1, Math.ceil(LABEL_PX / height));
        for (const [bucket, row] of rows.entries()) {
          const y = bottom - (bucket + 1) * height;
          context.fillStyle = colours.accent;
          for (const [step, count] of row.entries()) {
            if (count === 0) continue;
            // One span beside thousands is still to be seen.
            context.globalAlpha = 0.12 + 0.88 * (Math.log1p(count) / Math.log1p(max));
            context.fillRect(left + step * width, y, Math.max(1, width - gap), Math.max(1, height - (height > 5 ? 1 : 0)));
          }
          context.globalAlpha = 1;
          if (bucket % every !== 0) continue;
          context.fillStyle = colours.muted;
          context.textAlign = "right";
          context.fillText(formatFigure(bounds[bucket]!, answer.unit), left - 8, y + height / 2);
        }
      }}
      describe={(ms, y, { top, bottom }) => {
        const [step, bucket] = [Math.floor((ms - fromMs) / stepMs), bucketAt(y, top, bottom)];
        const count = rows[bucket]?.[step];
        if (count === undefined) return null;
        const startMs = fromMs + step * stepMs;
        const text = (
          <>
            <span class="num">
              {formatTime(startMs, stepMs < 1000)} – {formatClock(startMs + stepMs, Math.min(stepMs, 3_600_000))}
            </span>
            <p class="num">
              <strong>{plural(count, "span")}</strong> from {formatFigure(bounds[bucket]! / 2, answer.unit)} to {formatFigure(bounds[bucket]!, answer.unit)}
            </p>
          </>
        );
        return { atMs: startMs + stepMs / 2, text, opens: false };
      }}
      onSelect={onSelect}
      onOpen={() => undefined}
    />
  );
}

interface Bucket {
  bound: number;
  total: number;
  max: number;
}

function Buckets({ answer, grid, order, onOrder }: { answer: MetricsAnswer; grid: Grid } & Pick<HeatmapProps, "order" | "onOrder">): VNode {
  const buckets = grid.bounds.map((bound, index) => ({ bound, total: grid.rows[index]!.reduce((a, b) => a + b, 0), max: grid.rows[index]!.reduce((a, b) => Math.max(a, b), 0) }));
  const all = buckets.reduce((sum, { total }) => sum + total, 0);
  const columns: Column<Bucket>[] = [
    { name: "Up to", show: ({ bound }) => formatFigure(bound, answer.unit), by: ({ bound }) => bound },
    { name: "Spans", show: ({ total }) => formatCount(total), by: ({ total }) => total },
    { name: "Share", show: ({ total }) => (all === 0 ? "–" : `${Number(((total / all) * 100).toPrecision(3))} %`), by: ({ total }) => total },
    { name: "Most in a step", show: ({ max }) => formatCount(max), by: ({ max }) => max },
  ];
  return <Table label="Spans by bucket" columns={columns} rows={buckets} rowKey={({ bound }) => String(bound)} order={order} onOrder={onOrder} />;
}

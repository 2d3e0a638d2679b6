//! Series as lines over time, with their exemplars as marks that open a trace. The table below has
//! the same figures as text.

import type { VNode } from "preact";
import type { Exemplar, MetricsAnswer, Unit } from "../api/types";
import { themeColours } from "../components/canvas";
import { formatClock, formatTime, nsToMs } from "../model/format";
import type { Named } from "./names";
import { drawFigureAxis, type Plot, TimeChart } from "./TimeChart";
import { figureTicks, formatFigure } from "./units";

/** A series with the place of its colour. */
export interface Drawn extends Named {
  colour: number;
}

export interface LinesProps {
  answer: MetricsAnswer;
  drawn: readonly Drawn[];
  /** From here on spans may still come, ms since the epoch. */
  openMs: number;
  onSelect: (fromMs: number, toMs: number) => void;
  onOpen: (exemplar: Exemplar) => void;
}

const DESCRIBED = 10;
const MARK_PX = 4;
const REACH_PX = 9;
/** What looks alike by its colour is told apart by its dashes. */
const DASHES = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
const COLOURS = 16;

export function Lines({ answer, drawn, openMs, onSelect, onOpen }: LinesProps): VNode {
  const startMs = nsToMs(answer.startNs);
  const stepMs = Number(answer.stepNs) / 1e6;
  const alone = answer.count === 1;
  const [fromMs, toMs] = [alone ? startMs - stepMs : startMs, startMs + (answer.count - 1) * stepMs];
  const ticks = ticksOf(drawn, answer.unit);
  const y = (figure: number, { top, bottom }: Plot): number => bottom - ((figure - ticks[0]!) / (ticks[ticks.length - 1]! - ticks[0]!)) * (bottom - top);
  const nearest = (ms: number, atY: number, plot: Plot): Exemplar | null => {
    let best: Exemplar | null = null;
    let least = REACH_PX ** 2;
    for (const { series } of drawn) {
      for (const exemplar of series.exemplars) {
        const distance = (plot.x(nsToMs(exemplar.timeNs)) - plot.x(ms)) ** 2 + (y(exemplar.value, plot) - atY) ** 2;
        if (distance < least) [best, least] = [exemplar, distance];
      }
    }
    return best;
  };
  return (
    <TimeChart
      fromMs={fromMs}
      toMs={toMs}
      label={`${drawn.length} series over time; the table below has their figures`}
      inputs={[answer, drawn, openMs]}
      draw={(context, plot) => {
        drawFigureAxis(context, plot, ticks, (tick) => y(tick, plot), answer.unit);
        for (const { series, colour } of drawn) drawLine(context, series.values, colour, (place) => plot.x(startMs + place * stepMs), (value) => y(value, plot), (openMs - startMs) / stepMs);
        for (const { series, colour } of drawn) {
          for (const exemplar of series.exemplars) drawMark(context, plot.x(nsToMs(exemplar.timeNs)), y(exemplar.value, plot), colour);
        }
      }}
      describe={(ms, atY, plot) => {
        const exemplar = nearest(ms, atY, plot);
        if (exemplar !== null) return { atMs: nsToMs(exemplar.timeNs), text: <Example exemplar={exemplar} unit={answer.unit} />, opens: true };
        const place = alone ? 0 : Math.max(0, Math.min(answer.count - 1, Math.round((ms - startMs) / stepMs)));
        return { atMs: startMs + place * stepMs, text: <At place={place} answer={answer} drawn={drawn} />, opens: false };
      }}
      onSelect={onSelect}
      onOpen={(ms, atY, plot) => {
        const exemplar = nearest(ms, atY, plot);
        if (exemplar !== null) onOpen(exemplar);
      }}
    />
  );
}

function Example({ exemplar, unit }: { exemplar: Exemplar; unit: Unit }): VNode {
  return (
    <>
      <strong class="num">{formatFigure(exemplar.value, unit)}</strong> in the trace <span class="mono">{exemplar.traceId.slice(0, 8)}</span>
      <p class="num">{formatTime(nsToMs(exemplar.timeNs))}</p>
    </>
  );
}

function At({ place, answer, drawn }: { place: number; answer: MetricsAnswer; drawn: readonly Drawn[] }): VNode {
  const stepMs = Number(answer.stepNs) / 1e6;
  const atMs = nsToMs(answer.startNs) + place * stepMs;
  const known = drawn.filter(({ series }) => typeof series.values[place] === "number");
  const greatest = known.sort((a, b) => b.series.values[place]! - a.series.values[place]!);
  return (
    <>
      <span class="num">
        {formatTime(atMs - stepMs, stepMs < 1000)} – {formatClock(atMs, Math.min(stepMs, 3_600_000))}
      </span>
      <table class="at-moment">
        <tbody>
          {greatest.slice(0, DESCRIBED).map(({ name, series, colour }) => (
            <tr key={name}>
              <td>
                <span class="dot" style={{ "--c": `var(--svc-${colour})` }} /> {name}
              </td>
              <td class="num">{formatFigure(series.values[place]!, answer.unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {known.length > DESCRIBED && <p class="muted">and {known.length - DESCRIBED} more</p>}
      {known.length === 0 && <p class="muted">no sample</p>}
    </>
  );
}

/** From zero, unless there are figures below it. */
function ticksOf(drawn: readonly Drawn[], unit: Unit): number[] {
  let [low, high] = [0, 0];
  const see = (value: number | null): void => {
    if (value === null || !Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { series } of drawn) {
    series.values.forEach(see);
    for (const { value } of series.exemplars) see(value);
  }
  return figureTicks(low, high, unit, 5);
}

function drawLine(context: CanvasRenderingContext2D, values: readonly (number | null)[], colour: number, x: (place: number) => number, y: (value: number) => number, open: number): void {
  context.strokeStyle = context.fillStyle = themeColours().services[colour]!;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  const dashes = DASHES[Math.floor(colour / COLOURS) % DASHES.length]!;
  const is = (place: number): boolean => typeof values[place] === "number";
  for (let place = 0; place < values.length; place++) {
    if (!is(place)) continue;
    if (!is(place - 1) && !is(place + 1)) {
      // Nothing beside it that a line could lead to.
      context.beginPath();
      context.arc(x(place), y(values[place]!), 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    if (is(place - 1)) continue;
    context.setLineDash(dashes);
    context.beginPath();
    context.moveTo(x(place), y(values[place]!));
    let next = place + 1;
    for (; is(next) && next <= open; next++) context.lineTo(x(next), y(values[next]!));
    context.stroke();
    // The step that is not over yet.
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(x(next - 1), y(values[next - 1]!));
    for (; is(next); next++) context.lineTo(x(next), y(values[next]!));
    context.stroke();
  }
  context.setLineDash([]);
  context.lineWidth = 1;
}

function drawMark(context: CanvasRenderingContext2D, x: number, y: number, colour: number): void {
  const { services, surface } = themeColours();
  context.beginPath();
  context.moveTo(x, y - MARK_PX);
  context.lineTo(x + MARK_PX, y);
  context.lineTo(x, y + MARK_PX);
  context.lineTo(x - MARK_PX, y);
  context.closePath();
  context.fillStyle = services[colour]!;
  context.strokeStyle = surface;
  context.fill();
  context.stroke();
}

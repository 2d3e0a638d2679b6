//! The time range: presets that move with the clock, or two fixed times.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../components/Icon";
import { Popover } from "../components/Popover";
import { formatTime } from "../model/format";
import { REFRESH_SECONDS } from "../location/params";
import { zone, zoneLabel } from "../model/timeZone";
import { describeRange, PRESETS, resolveTime, type TimeRangeText, toUrlTime } from "../model/timeRange";
import "./TimePicker.css";

export interface TimePickerProps {
  range: TimeRangeText;
  refresh: number;
  onChange: (change: Partial<TimeRangeText> & { refresh?: number }) => void;
  buttonRef: { current: HTMLButtonElement | null };
}

export function TimePicker({ range, refresh, onChange, buttonRef }: TimePickerProps): VNode {
  return (
    <Popover
      class="button time-button"
      align="end"
      buttonRef={(button) => {
        buttonRef.current = button;
      }}
      label={
        <>
          <Icon name="clock" />
          <span class="num">
            {describeRange(range, Date.now())}
            {refresh > 0 && <span class="muted"> · every {refreshLabel(refresh)}</span>}
          </span>
          <Icon name="down" size={13} />
        </>
      }
    >
      {(close) => {
        const choose = (next: TimeRangeText): void => {
          close();
          onChange(next);
        };
        return (
          <div class="time-panel">
            <div>
              {PRESETS.map(({ from, label }) => (
                <button type="button" key={from} class={`menu-item ${range.from === from && range.to === "now" ? "current" : ""}`} onClick={() => choose({ from, to: "now" })}>
                  {label}
                </button>
              ))}
            </div>
            <div>
              <AbsoluteForm range={range} onChange={choose} />
              <label class="refresh">
                Search again
                <select class="input" value={refresh} onChange={(event) => onChange({ refresh: Number(event.currentTarget.value) })}>
                  {REFRESH_SECONDS.map((seconds) => (
                    <option key={seconds} value={seconds}>
                      {seconds === 0 ? "when asked to" : `every ${refreshLabel(seconds)}`}
                    </option>
                  ))}
                </select>
              </label>
            </div>
          </div>
        );
      }}
    </Popover>
  );
}

const refreshLabel = (seconds: number): string => (seconds < 60 ? `${seconds} s` : `${seconds / 60} min`);

function AbsoluteForm({ range, onChange }: { range: TimeRangeText; onChange: (range: TimeRangeText) => void }): VNode {
  const now = Date.now();
  const shown = (text: string): string => formatTime(resolveTime(text, now) ?? now, false);
  const [from, setFrom] = useState(shown(range.from));
  const [to, setTo] = useState(range.to === "now" ? "now" : shown(range.to));
  const start = resolveTime(from, now);
  const end = resolveTime(to, now);
  const reversed = start !== null && end !== null && start >= end;
  const bad = start === null || end === null || reversed;
  const asUrl = (text: string, ms: number): string => (text.trim().startsWith("now") ? text.trim() : toUrlTime(ms));
  return (
    <form
      class="time-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!bad) onChange({ from: asUrl(from, start), to: asUrl(to, end) });
      }}
    >
      <label>
        From
        <input class="input mono" value={from} aria-invalid={start === null} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label>
        To
        <input class="input mono" value={to} aria-invalid={end === null} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      {bad && <p class="field-error">{reversed ? "The range ends before it starts." : "Write 2026-11-22 14:30, now-6h or now."}</p>}
      <p class="muted">Times are of the zone {zoneLabel(zone.value)}.</p>
      <button type="submit" class="button primary small" disabled={bad}>
        Apply
      </button>
    </form>
  );
}

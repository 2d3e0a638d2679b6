//! The chip for durations: least and most, of a span or of the whole trace.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../components/Icon";
import { Popover } from "../components/Popover";
import { type Condition, slotValue, withSlot } from "../query/conditions";
import { durationLiteral, parseDuration } from "../query/literal";

interface DurationFormProps {
  conditions: Condition[];
  onChange: (conditions: Condition[]) => void;
}

export function DurationForm({ conditions, onChange }: DurationFormProps): VNode {
  const span = [slotValue(conditions, "minDuration"), slotValue(conditions, "maxDuration")] as const;
  const trace = [slotValue(conditions, "minTrace"), slotValue(conditions, "maxTrace")] as const;
  const texts = [describe("span", span), describe("trace", trace)].filter((text) => text !== null);
  const clear = (): void => onChange((["minDuration", "maxDuration", "minTrace", "maxTrace"] as const).reduce((rest, slot) => withSlot(rest, slot, null), conditions));
  return (
    <span class={`choice ${texts.length > 0 ? "set" : ""}`}>
      <Popover
        class="button small"
        label={
          <>
            <span class="muted">Duration</span>
            <span class="choice-value">{texts.length > 0 ? texts.join(", ") : "any"}</span>
            {texts.length === 0 && <Icon name="down" size={13} />}
          </>
        }
      >
        {(close) => (
          <Form
            conditions={conditions}
            onChange={(next) => {
              close();
              onChange(next);
            }}
          />
        )}
      </Popover>
      {texts.length > 0 && (
        <button type="button" class="button small choice-clear" aria-label="Any duration" title="Any duration" onClick={clear}>
          <Icon name="close" size={12} />
        </button>
      )}
    </span>
  );
}

function describe(what: string, [min, max]: readonly [string | null, string | null]): string | null {
  if (min !== null && max !== null) return `${what} ${min} – ${max}`;
  if (min !== null) return `${what} ≥ ${min}`;
  return max === null ? null : `${what} ≤ ${max}`;
}

function Form({ conditions, onChange }: DurationFormProps): VNode {
  const ofTrace = slotValue(conditions, "minTrace") !== null || slotValue(conditions, "maxTrace") !== null;
  const [whole, setWhole] = useState(ofTrace);
  const [min, setMin] = useState(slotValue(conditions, ofTrace ? "minTrace" : "minDuration") ?? "");
  const [max, setMax] = useState(slotValue(conditions, ofTrace ? "maxTrace" : "maxDuration") ?? "");
  const wrong = (text: string): boolean => text.trim() !== "" && parseDuration(text) === null;
  const reversed = !wrong(min) && !wrong(max) && min !== "" && max !== "" && parseDuration(min)! > parseDuration(max)!;
  const literal = (text: string): string | null => (text.trim() === "" ? null : durationLiteral(parseDuration(text)!));
  const apply = (event: Event): void => {
    event.preventDefault();
    if (wrong(min) || wrong(max) || reversed) return;
    let next = conditions;
    for (const slot of ["minDuration", "maxDuration", "minTrace", "maxTrace"] as const) next = withSlot(next, slot, null);
    next = withSlot(next, whole ? "minTrace" : "minDuration", literal(min));
    onChange(withSlot(next, whole ? "maxTrace" : "maxDuration", literal(max)));
  };
  return (
    <form class="duration-form" onSubmit={apply}>
      <div class="segmented" role="group" aria-label="Duration of">
        <button type="button" aria-pressed={!whole} onClick={() => setWhole(false)}>
          A span
        </button>
        <button type="button" aria-pressed={whole} onClick={() => setWhole(true)}>
          The whole trace
        </button>
      </div>
      <label>
        At least
        <input class="input" data-autofocus placeholder="e.g. 250ms" value={min} aria-invalid={wrong(min)} onInput={(event) => setMin(event.currentTarget.value)} />
      </label>
      <label>
        At most
        <input class="input" placeholder="e.g. 2s" value={max} aria-invalid={wrong(max)} onInput={(event) => setMax(event.currentTarget.value)} />
      </label>
      {(wrong(min) || wrong(max)) && <p class="field-error">Write a number and a unit: us, ms, s, m or h.</p>}
      {reversed && <p class="field-error">The least is more than the most.</p>}
      <button type="submit" class="button primary small" disabled={wrong(min) || wrong(max) || reversed}>
        Apply
      </button>
    </form>
  );
}

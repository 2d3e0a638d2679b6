//! The form: chips for service, operation, attributes, duration and errors. They are a view of the
//! query text and write it; nothing here has a state of its own.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type Among, keys, operations, services, values } from "../api/endpoints";
import { Icon } from "../components/Icon";
import { type Option, PickList } from "../components/PickList";
import { Popover } from "../components/Popover";
import { formatCount } from "../model/format";
import type { SearchParams } from "../location/params";
import type { TimeRangeText } from "../model/timeRange";
import { DurationForm } from "./DurationForm";
import { Examples } from "./Examples";
import { compare, type Condition, parseConditions, slotOf, slotValue, toQuery, withSlot } from "../query/conditions";
import { typedLiteral, valueLiteral } from "../query/literal";
import { attributeField } from "../query/tokens";
import "./FilterBar.css";

const LIMITS = [20, 50, 100, 200, 500, 1000];

export interface FilterBarProps {
  query: string;
  /** Null where the answer has none. */
  limit: number | null;
  range: TimeRangeText;
  onChange: (change: Partial<SearchParams>) => void;
}

export function FilterBar({ query, limit, range, onChange }: FilterBarProps): VNode {
  const conditions = parseConditions(query);
  if (conditions === null) {
    return (
      <div class="filter-bar">
        <p class="muted">This query says more than the filters below the bar can show; edit it as text.</p>
        <button type="button" class="button quiet small" onClick={() => onChange({ q: "{}" })}>
          Start over
        </button>
        <End limit={limit} onChange={onChange} />
      </div>
    );
  }
  const set = (next: Condition[]): void => onChange({ q: toQuery(next) });
  const service = slotValue(conditions, "service");
  const operation = slotValue(conditions, "operation");
  const errors = slotValue(conditions, "errors") !== null;
  const times = { from: range.from, to: range.to };
  const loadServices = async (): Promise<Option[]> => (await services(times)).map(({ name, spanCount }) => ({ value: name, note: formatCount(spanCount) }));
  const loadOperations = async (text: string): Promise<Option[]> => {
    if (service === null) return (await values("intrinsic", "name", text, times)).map(({ value, count }) => ({ value: String(value), note: formatCount(count) }));
    let list = await operations(service, "", times);
    // Where there are too many for one list, those that begin so.
    if (list.partial !== undefined && text !== "") list = await operations(service, text, times);
    return list.operations.map(({ name, spanCount }) => ({ value: name, note: formatCount(spanCount) }));
  };
  return (
    <div class="filter-bar" role="group" aria-label="Filters">
      <Choice name="Service" value={service} load={loadServices} onPick={(value) => set(withSlot(withSlot(conditions, "service", value), "operation", value === null ? operation : null))} />
      <Choice name="Operation" value={operation} load={loadOperations} onPick={(value) => set(withSlot(conditions, "operation", value))} />
      <DurationForm conditions={conditions} onChange={set} />
      <button type="button" class="button small toggle" aria-pressed={errors} onClick={() => set(withSlot(conditions, "errors", errors ? null : "error"))}>
        <Icon name="error" size={14} />
        Errors only
      </button>
      {conditions.map((condition, index) =>
        slotOf(condition) !== null ? null : (
          <span class="chip" key={condition.text + index}>
            <ConditionText condition={condition} />
            <button type="button" aria-label={`Remove ${condition.text}`} title="Remove" onClick={() => set(conditions.filter((other) => other !== condition))}>
              <Icon name="close" size={12} />
            </button>
          </span>
        ),
      )}
      <AddAttribute among={{ ...times, service: service ?? undefined }} onAdd={(condition) => set([...conditions, condition])} />
      {conditions.length > 0 && (
        <button type="button" class="button quiet small" onClick={() => onChange({ q: "{}" })}>
          Clear
        </button>
      )}
      <End limit={limit} onChange={onChange} />
    </div>
  );
}

function End({ limit, onChange }: Pick<FilterBarProps, "limit" | "onChange">): VNode {
  return (
    <span class="filter-end">
      <Examples onPick={(q) => onChange({ q })} />
      {limit !== null && <Limit limit={limit} onChange={onChange} />}
    </span>
  );
}

function Limit({ limit, onChange }: { limit: number } & Pick<FilterBarProps, "onChange">): VNode {
  return (
    <label class="limit">
      Limit
      <select class="input" value={limit} onChange={(event) => onChange({ limit: Number(event.currentTarget.value) })}>
        {[...new Set([...LIMITS, limit])]
          .sort((a, b) => a - b)
          .map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
      </select>
    </label>
  );
}

function ConditionText({ condition: { comparison, text } }: { condition: Condition }): VNode {
  if (comparison === undefined) return <span class="mono">{text}</span>;
  return (
    <span class="mono">
      {comparison.field} <span class="muted">{comparison.op}</span> {comparison.literal}
    </span>
  );
}

function Choice({ name, value, load, onPick }: { name: string; value: string | null; load: (text: string) => Promise<Option[]>; onPick: (value: string | null) => void }): VNode {
  return (
    <span class={`choice ${value === null ? "" : "set"}`}>
      <Popover
        class="button small"
        label={
          <>
            <span class="muted">{name}</span>
            <span class="choice-value">{value ?? "any"}</span>
            {value === null && <Icon name="down" size={13} />}
          </>
        }
      >
        {(close) => (
          <PickList
            label={`Find ${name.toLowerCase()}`}
            load={load}
            free
            onPick={(option) => {
              close();
              onPick(option.value);
            }}
          />
        )}
      </Popover>
      {value !== null && (
        <button type="button" class="button small choice-clear" aria-label={`Any ${name.toLowerCase()}`} title={`Any ${name.toLowerCase()}`} onClick={() => onPick(null)}>
          <Icon name="close" size={12} />
        </button>
      )}
    </span>
  );
}

const OPS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="];

interface AttributeFormProps {
  among: Among;
  onAdd: (condition: Condition) => void;
}

function AddAttribute({ among, onAdd }: AttributeFormProps): VNode {
  return (
    <Popover
      class="button small"
      label={
        <>
          <Icon name="plus" size={13} />
          Attribute
        </>
      }
    >
      {(close) => (
        <AttributeForm
          among={among}
          onAdd={(condition) => {
            close();
            onAdd(condition);
          }}
        />
      )}
    </Popover>
  );
}

function AttributeForm({ among, onAdd }: AttributeFormProps): VNode {
  const [key, setKey] = useState<{ scope: string; key: string; field: string } | null>(null);
  const [op, setOp] = useState("=");
  const loadKeys = async (text: string): Promise<Option[]> =>
    (await keys(text, among)).map(({ scope, key: name, type }) => ({ value: JSON.stringify([scope, name]), label: name, note: scope === "span" ? type : `${scope} · ${type}` }));
  if (key === null) {
    return (
      <PickList
        key="keys"
        label="Attribute"
        load={loadKeys}
        free
        onPick={({ value, label }) => {
          const [scope, name] = label === undefined ? ["", value] : (JSON.parse(value) as [string, string]);
          setKey({ scope: scope || "span", key: name, field: attributeField(scope as "span" | "", name) });
        }}
      />
    );
  }
  const loadValues = async (text: string): Promise<Option[]> =>
    (await values(key.scope, key.key, text, among)).map(({ type, value, count }) => ({ value: typedLiteral(type, value), label: String(value), note: formatCount(count) }));
  return (
    <div class="attribute-form">
      <div class="attribute-head">
        <button type="button" class="button quiet small icon-only" aria-label="Choose another attribute" onClick={() => setKey(null)}>
          <Icon name="left" size={14} />
        </button>
        <span class="mono">{key.field}</span>
        <select class="input" aria-label="Operator" value={op} onChange={(event) => setOp(event.currentTarget.value)}>
          {OPS.map((o) => (
            <option key={o}>{o}</option>
          ))}
        </select>
      </div>
      <PickList key="values" label="Value" load={loadValues} free onPick={({ value, label }) => onAdd(compare(key.field, op, label === undefined ? valueLiteral(value) : value))} />
    </div>
  );
}

//! Tabs as a keyboard and a screen reader know them: one of them has the focus, arrows move between
//! them, and the panel says which it belongs to. It must never hold what the panels show.

import type { ComponentChildren, VNode } from "preact";
import { useId, useRef } from "preact/hooks";
import "./Tabs.css";

export interface Tab<Name extends string> {
  name: Name;
  label: ComponentChildren;
}

export interface TabsProps<Name extends string> {
  tabs: readonly Tab<Name>[];
  current: Name;
  onChange: (name: Name) => void;
  /** What is chosen between. */
  label: string;
  class?: string;
  /** The panel of the current tab. */
  children: ComponentChildren;
}

const STEPS: Record<string, (index: number, count: number) => number> = {
  ArrowRight: (index, count) => (index + 1) % count,
  ArrowLeft: (index, count) => (index - 1 + count) % count,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

export function Tabs<Name extends string>({ tabs, current, onChange, label, class: className = "", children }: TabsProps<Name>): VNode {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = step(tabs.findIndex(({ name }) => name === current), tabs.length);
    onChange(tabs[next]!.name);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus();
  };
  return (
    <>
      <div class={`tabs ${className}`} role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map(({ name, label: text }) => (
          <button
            type="button"
            key={name}
            id={`${id}-${name}`}
            role="tab"
            aria-selected={name === current}
            aria-controls={name === current ? `${id}-panel` : undefined}
            tabIndex={name === current ? 0 : -1}
            onClick={() => onChange(name)}
          >
            {text}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current}`}>
        {children}
      </div>
    </>
  );
}

//! Keyboard shortcuts: each part of a page brings its list, one listener serves them all, and the help
//! dialog shows the same lists. It must never take a key from the control that has the focus: who
//! types gets every key, a link or a button gets Enter and Space, a slider or a list its arrows.

import { signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

export interface Shortcut {
  /** As `KeyboardEvent.key`; two keys in a row are written `g s`. */
  keys: string[];
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
}

export interface Scope {
  list: Shortcut[];
  /** The part of the page that keys which move or open belong to; without one, all of it. */
  part: () => Element | null;
}

/** What is on screen, the innermost last. */
export const scopes = signal<Scope[]>([]);
export const helpOpen = signal(false);

export function useShortcuts(list: () => Shortcut[], deps: unknown[], part?: RefObject<Element | null>): void {
  // With what is shown, not some time after it: a key that is pressed as soon as
  // a page is seen works.
  useLayoutEffect(() => {
    const mine: Scope = { list: list(), part: () => part?.current ?? null };
    scopes.value = [...scopes.peek(), mine];
    return () => {
      scopes.value = scopes.peek().filter((other) => other !== mine);
    };
  }, deps);
}

const SEQUENCE_MS = 1200;
let pending: { key: string; at: number } | null = null;

const isBusy = (): boolean => document.querySelector("dialog[open], .popover:popover-open") !== null;

export function startKeyboard(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    if (isOwnKey(target, event.key) || isBusy()) return;
    const sequence = pending !== null && event.timeStamp - pending.at < SEQUENCE_MS ? `${pending.key} ${event.key}` : null;
    pending = null;
    for (const scope of [...scopes.value].reverse()) {
      if (LOCAL.has(event.key) && !reaches(scope, target)) continue;
      const hit = scope.list.find(({ keys }) => (sequence !== null && keys.includes(sequence)) || keys.includes(event.key));
      if (hit === undefined) continue;
      event.preventDefault();
      hit.run(event);
      return;
    }
    if (scopes.value.some(({ list }) => list.some(({ keys }) => keys.some((key) => key.startsWith(`${event.key} `))))) {
      pending = { key: event.key, at: event.timeStamp };
    }
  });
}

const OPENING = new Set(["Enter", " "]);
const MOVING = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"]);
/** Keys that mean something everywhere: they belong to the part of the page that has the focus. */
const LOCAL = new Set([...OPENING, ...MOVING]);

const isNowhere = (target: Element | null): boolean => target === null || target === document.body || target === document.documentElement;

function reaches({ part }: Scope, target: Element | null): boolean {
  const element = part();
  return element === null || isNowhere(target) || element.contains(target);
}

const TYPING = 'input:not([type="button"], [type="checkbox"], [type="radio"], [type="submit"]), textarea, select, [contenteditable="true"]';
const OPENED = 'a[href], button, summary, input, [role="button"], [role="link"], [role="tab"], [role="option"], [role="menuitem"], [role="checkbox"], [role="switch"]';
const MOVED = 'input[type="radio"], [role="slider"], [role="separator"], [role="tab"], [role="option"], [role="listbox"], [role="menuitem"], [role="radio"]';

function isOwnKey(target: Element | null, key: string): boolean {
  if (target === null) return false;
  return target.matches(TYPING) || (OPENING.has(key) && target.matches(OPENED)) || (MOVING.has(key) && target.matches(MOVED));
}

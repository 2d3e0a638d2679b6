//! Ties the state of a view to the parameters of the URL, both ways: Back, Forward, a link or a
//! pasted URL change the view, and what is done in the view changes the URL. It must never write a
//! URL that names something else than what is shown: a view that is not settled writes nothing.

import { effect } from "@preact/signals";
import { place, replaceParams, writeBeforeLeaving } from "./place";

export interface Bound<T> {
  read: (params: URLSearchParams) => T;
  /** Other parameters of `base` stay. */
  write: (value: T, base: URLSearchParams) => URLSearchParams;
  /** What is shown, reading signals; null while that is not certain yet. */
  shown: () => T | null;
  show: (value: T) => void;
}

const WRITE_DELAY_MS = 120;

/** Shows what the URL says now and from then on; returns the stop. */
export function bindParams<T>({ read, write, shown, show }: Bound<T>): () => void {
  const { path } = place.peek();
  const textOf = (value: T): string => write(value, new URLSearchParams()).toString();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written: string | null = null;
  const writeNow = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const value = shown();
    if (value === null || place.peek().path !== path) return;
    written = textOf(value);
    replaceParams(write(value, place.peek().params));
  };
  const stopReading = effect(() => {
    const { path: now, params } = place.value;
    if (now !== path) return;
    const value = read(params);
    // One's own writing comes back this way; a write that waits is of a view that has been left.
    if (textOf(value) === written && timer === undefined) return;
    written = textOf(value);
    clearTimeout(timer);
    timer = undefined;
    show(value);
  });
  const stopWriting = effect(() => {
    const value = shown();
    if (value === null || textOf(value) === written) return;
    clearTimeout(timer);
    timer = setTimeout(writeNow, WRITE_DELAY_MS);
  });
  const forget = writeBeforeLeaving(() => timer !== undefined && writeNow());
  return () => {
    if (timer !== undefined) writeNow();
    stopReading();
    stopWriting();
    forget();
  };
}

//! What is offered at the caret, and which of it is chosen. What was loaded is narrowed by what is
//! typed at once, so that a key never acts on a list that belongs to an older text; a list that
//! arrives later keeps the choice. It must never place a suggestion by the text of another moment.

import { useEffect, useState } from "preact/hooks";
import type { TimeRangeText } from "../model/timeRange";
import { completionAt, type CompletionContext } from "../query/completion";
import { tokenize, unquote } from "../query/tokens";
import { loadSuggestions, narrow, type Suggestion } from "./suggestions";

export interface Suggestions {
  list: Suggestion[];
  /** The chosen one's place in the list, -1 without. */
  active: number;
  choose: (index: number) => void;
  /** Before the text changes: what was chosen was chosen for the old one. */
  forget: () => void;
}

/** A caret below 0 asks for nothing. */
export function useSuggestions(text: string, caret: number, range: TimeRangeText): Suggestions {
  const [loaded, setLoaded] = useState<{ at: CompletionContext; list: Suggestion[] } | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const context = caret < 0 ? null : completionAt(text, caret);

  useEffect(() => {
    if (context === null) return setLoaded(null);
    let isLate = false;
    loadSuggestions(context, { from: range.from, to: range.to, service: serviceIn(text, context) }).then(
      (list) => {
        if (!isLate) setLoaded({ at: context, list });
      },
      () => undefined,
    );
    return () => {
      isLate = true;
    };
  }, [text, caret]);

  const list = context !== null && loaded !== null && isSamePlace(loaded.at, context) ? narrow(loaded.list, context) : [];
  return {
    list,
    active: chosen === null ? -1 : list.findIndex((suggestion) => nameOf(suggestion) === chosen),
    choose: (index) => setChosen(nameOf(list[index]!)),
    forget: () => setChosen(null),
  };
}

/** The service that the rest of the text asks for: what is offered is of its spans. */
function serviceIn(text: string, { from, to }: CompletionContext): string | undefined {
  const tokens = tokenize(text).filter(({ kind }) => kind !== "space");
  const at = tokens.findIndex(({ text: field }, index) => SERVICE_FIELD.test(field) && tokens[index + 1]?.text === "=" && tokens[index + 2]?.kind === "string");
  const value = tokens[at + 2];
  // Other services are what is wanted where the service itself is being chosen.
  if (at < 0 || value === undefined || (value.from <= from && value.to >= to && to > from)) return undefined;
  return tokens.some(({ text: join }) => join === "||") ? undefined : unquote(value.text);
}

const SERVICE_FIELD = /^(resource)?\.?service\.name$/;

const nameOf = ({ label, note }: Suggestion): string => `${label}\n${note ?? ""}`;

const isSamePlace = (a: CompletionContext, b: CompletionContext): boolean => a.expects === b.expects && a.field === b.field && a.from === b.from;

//! The query as text: one input with its words coloured underneath, suggestions while typing, and
//! the server's verdict underlined. Enter searches.

import type { RefObject, VNode } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { checkQuery } from "../api/endpoints";
import type { QueryCheck } from "../api/types";
import { Icon } from "../components/Icon";
import type { TimeRangeText } from "../model/timeRange";
import { completionAt, withOffer } from "../query/completion";
import { pastedTraceId, plainQuery } from "../query/plain";
import { tokenize } from "../query/tokens";
import { useSuggestions } from "./useSuggestions";
import "./QueryBar.css";

const CHECK_MS = 220;

export interface QueryBarProps {
  query: string;
  range: TimeRangeText;
  inputRef: RefObject<HTMLInputElement | null>;
  onSearch: (query: string) => void;
  onTraceId: (traceId: string) => void;
}

export function QueryBar({ query, range, inputRef, onSearch, onTraceId }: QueryBarProps): VNode {
  const id = useId();
  const [text, setText] = useState(query === "{}" ? "" : query);
  const [check, setCheck] = useState<QueryCheck>({ ok: true });
  const [caret, setCaret] = useState(-1);
  const [submitted, setSubmitted] = useState(query !== "{}");
  const mirror = useRef<HTMLDivElement>(null);
  const { list: suggestions, active, choose, forget } = useSuggestions(text, caret, range);
  /** Where the caret goes once the accepted text is there. */
  const placeCaret = useRef<number | null>(null);

  useEffect(() => setText(query === "{}" ? "" : query), [query]);

  useEffect(() => {
    // Words are no query, and nothing is wrong with them.
    if (text.trim() === "" || plainQuery(text) !== null) return setCheck({ ok: true });
    const abort = new AbortController();
    const timer = setTimeout(() => {
      checkQuery(text, abort.signal).then(setCheck, () => undefined);
    }, CHECK_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);

  useLayoutEffect(() => {
    if (placeCaret.current === null) return;
    inputRef.current?.setSelectionRange(placeCaret.current, placeCaret.current);
    placeCaret.current = null;
  });

  const syncScroll = (): void => {
    if (mirror.current && inputRef.current) mirror.current.scrollLeft = inputRef.current.scrollLeft;
  };
  useEffect(syncScroll);

  const accept = (index: number): void => {
    const placed = withOffer(text, completionAt(text, caret), suggestions[index]!);
    placeCaret.current = placed.caret;
    setText(placed.text);
    setCaret(placeCaret.current);
    forget();
  };
  const submit = (): void => {
    setCaret(-1);
    const traceId = pastedTraceId(text);
    if (traceId !== null) return onTraceId(traceId);
    setSubmitted(true);
    const query = plainQuery(text) ?? (text.trim() === "" ? "{}" : text.trim());
    setText(query === "{}" ? "" : query);
    onSearch(query);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const open = suggestions.length > 0;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const count = suggestions.length;
      choose(event.key === "ArrowDown" ? (active + 1) % count : (Math.max(active, 0) - 1 + count) % count);
    } else if (open && (event.key === "Tab" || event.key === "Enter") && active >= 0) {
      event.preventDefault();
      accept(active);
    } else if (event.key === "Enter") {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") {
      if (open) setCaret(-1);
      else inputRef.current?.blur();
    }
  };
  const moved = (event: { currentTarget: HTMLInputElement }): void => setCaret(event.currentTarget.selectionStart ?? -1);
  // What is wrong at the very end of a text that is being typed is only not finished yet.
  const unfinished = !submitted && caret >= 0 && !check.ok && (check.span === undefined || check.span[1] >= [...text.trimEnd()].length);
  const wrong = !check.ok && text !== "" && !unfinished ? check : null;

  return (
    <div class="query-box">
      <form
        class={`query-bar ${wrong ? "wrong" : ""}`}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Icon name="search" class="lead" />
        <div class="query-field">
          <div class="query-mirror mono" ref={mirror} aria-hidden="true">
            <Coloured text={text} wrong={wrong?.span} />
          </div>
          <input
            ref={inputRef}
            class="mono"
            value={text}
            placeholder='Words, key=value, a trace id, or a query: { resource.service.name = "checkout" && duration > 500ms }'
            aria-label="TraceQL query"
            role="combobox"
            aria-autocomplete="list"
            aria-expanded={suggestions.length > 0}
            aria-controls={`${id}-list`}
            aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
            aria-invalid={wrong !== null}
            aria-describedby={wrong ? `${id}-error` : undefined}
            onInput={(event) => {
              setText(event.currentTarget.value);
              forget();
              setSubmitted(false);
              moved(event);
            }}
            onKeyUp={(event) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key) && moved(event)}
            onClick={moved}
            onKeyDown={onKeyDown}
            onScroll={syncScroll}
            onBlur={() => setCaret(-1)}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
          />
        </div>
        {text !== "" && (
          <button
            type="button"
            class="button quiet small icon-only"
            aria-label="Clear the query"
            title="Clear the query"
            onClick={() => {
              setText("");
              onSearch("{}");
            }}
          >
            <Icon name="close" size={14} />
          </button>
        )}
        <button type="submit" class="button primary run">
          Search
        </button>
        <ul class="suggestions" role="listbox" id={`${id}-list`} aria-label="Suggestions" hidden={suggestions.length === 0 || caret < 0}>
          {suggestions.map((suggestion, index) => (
            <li
              key={suggestion.label + index}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              class="menu-item"
              onPointerDown={(event) => {
                event.preventDefault();
                accept(index);
              }}
            >
              <span class="mono option-text">{suggestion.label}</span>
              {suggestion.note && <span class="note">{suggestion.note}</span>}
            </li>
          ))}
        </ul>
      </form>
      {wrong && (
        <p class="query-error" id={`${id}-error`} role="alert">
          {wrong.message}
          {wrong.hint && <span class="hint">. {wrong.hint}</span>}
        </p>
      )}
    </div>
  );
}

const CLASSES: Record<string, string> = { string: "tok-string", number: "tok-number", op: "tok-op", join: "tok-op", brace: "tok-op", paren: "tok-op", word: "tok-field" };
const VALUES = new Set(["true", "false", "nil", "error", "ok", "unset", "server", "client", "internal", "producer", "consumer", "unspecified"]);

function Coloured({ text, wrong }: { text: string; wrong?: [number, number] }): VNode {
  const characters = [...text];
  // The server counts characters, JavaScript UTF-16 units.
  const at = (index: number): number => characters.slice(0, index).join("").length;
  const [from, to] = wrong ? [at(wrong[0]), Math.max(at(wrong[1]), at(wrong[0]) + 1)] : [-1, -1];
  return (
    <>
      {tokenize(text).map((token) => (
        <span key={token.from} class={`${VALUES.has(token.text) ? "tok-number" : (CLASSES[token.kind] ?? "")} ${token.from < to && token.to > from ? "tok-wrong" : ""}`}>
          {token.text}
        </span>
      ))}
      {from >= text.length && from >= 0 && <span class="tok-wrong">{"\u00a0"}</span>}
    </>
  );
}

//! Find in the trace: text or `key=value`, how many spans match, stepping through them, and showing
//! the matches with their ancestors only.

import type { RefObject, VNode } from "preact";
import { Icon } from "../components/Icon";
import { formatCount } from "../model/format";
import type { TraceView } from "./view";
import "./FindBar.css";

export function FindBar({ view, inputRef }: { view: TraceView; inputRef: RefObject<HTMLInputElement | null> }): VNode {
  void view.model.matchVersion.value;
  const { finder, model } = view;
  const text = finder.text.value;
  const { matches } = model;
  const problem = finder.problem.value;
  const at = matches.indexOf(view.selected.value);
  const known = formatCount(matches.length);
  const place = at >= 0 ? `${formatCount(at + 1)} of ${known}` : known;
  // Names alone were looked at when the server does not answer: there may be more.
  const count = text === "" ? "" : problem !== null ? `${place}+ ?` : finder.busy.value ? (matches.length === 0 ? "…" : `${place}…`) : place;
  const none = text !== "" && matches.length === 0 && !finder.busy.value && problem === null;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") {
      event.preventDefault();
      view.nextMatch(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (text === "") inputRef.current?.blur();
      else view.find("");
    }
  };
  return (
    <div class={`find-bar ${none ? "none" : problem !== null ? "failed" : ""}`} role="search" aria-label="Find in this trace">
      <Icon name="search" size={14} />
      <input ref={inputRef} placeholder="Find: text or key=value" aria-label="Find in this trace" value={text} onInput={(event) => view.find(event.currentTarget.value)} onKeyDown={onKeyDown} spellcheck={false} autocomplete="off" />
      <span class="find-count num" role="status" title={problem === null ? undefined : `Only names were looked at: ${problem.message}`} aria-label={text === "" ? undefined : problem === null ? `${count} matching spans` : `${known} spans match by name; the others are not known: ${problem.message}`}>
        {count}
      </span>
      {problem !== null && (
        <button type="button" class="button quiet small icon-only" title="Find again" aria-label="Find again" onClick={() => finder.again()}>
          <Icon name="reload" size={14} />
        </button>
      )}
      {text !== "" && (
        <>
          <button type="button" class="button quiet small icon-only" title="Previous match (N)" aria-label="Previous match" onClick={() => view.nextMatch(-1)}>
            <Icon name="up" size={14} />
          </button>
          <button type="button" class="button quiet small icon-only" title="Next match (n)" aria-label="Next match" onClick={() => view.nextMatch(1)}>
            <Icon name="down" size={14} />
          </button>
          <button type="button" class="button quiet small icon-only" aria-pressed={finder.only.value} title="Matches only (h)" aria-label="Matches only" onClick={() => finder.setOnly(!finder.only.value)}>
            <Icon name="filter" size={14} />
          </button>
        </>
      )}
    </div>
  );
}

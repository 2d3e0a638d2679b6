// Find in the trace: text or `key=value`, how many spans match, stepping through them, and showing
// the matches with their ancestors only.

import type { RefObject, VNode } from "preact";
import { Icon } from "../components/Icon";
import { formatCount } from "../model/format";
import type { TraceView } from "./view";

export function FindBar({ view, inputRef }: { view: TraceView; inputRef: RefObject<HTMLInputElement | null> }): VNode {
  void view.model.matchVersion.value;
  const text = view.findText.value;
  const { matches } = view.model;
  const at = matches.indexOf(view.selected.value);
  const count = text === "" ? "" : view.findBusy.value && matches.length === 0 ? "…" : at >= 0 ? `${formatCount(at + 1)} of ${formatCount(matches.length)}` : formatCount(matches.length);
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
    <div class={`find-bar ${text !== "" && matches.length === 0 && !view.findBusy.value ? "none" : ""}`} role="search" aria-label="Find in this trace">
      <Icon name="search" size={14} />
      <input ref={inputRef} placeholder="Find: text or key=value" aria-label="Find in this trace" value={text} onInput={(event) => view.find(event.currentTarget.value)} onKeyDown={onKeyDown} spellcheck={false} autocomplete="off" />
      <span class="find-count num" role="status" aria-label={text === "" ? undefined : `${count || 0} matching spans`}>
        {count}
      </span>
      {text !== "" && (
        <>
          <button type="button" class="button quiet small icon-only" title="Previous match (N)" aria-label="Previous match" onClick={() => view.nextMatch(-1)}>
            <Icon name="up" size={14} />
          </button>
          <button type="button" class="button quiet small icon-only" title="Next match (n)" aria-label="Next match" onClick={() => view.nextMatch(1)}>
            <Icon name="down" size={14} />
          </button>
          <button type="button" class="button quiet small icon-only" aria-pressed={view.only.value} title="Matches only (h)" aria-label="Matches only" onClick={() => view.setOnly(!view.only.value)}>
            <Icon name="filter" size={14} />
          </button>
        </>
      )}
    </div>
  );
}

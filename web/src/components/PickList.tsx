//! A text field with a list of suggestions under it: typing narrows the list, arrows and Enter
//! choose. For services, operations, attribute keys and values.

import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import "./PickList.css";

export interface Option {
  value: string;
  label?: string;
  note?: string;
}

export interface PickListProps {
  label: string;
  /** Asked again for every text; the list narrows what it gives by the text. */
  load: (text: string) => Promise<Option[]>;
  onPick: (option: Option) => void;
  /** Lets a text that is not in the list be chosen. */
  free?: boolean;
}

const MAX_SHOWN = 100;

export function PickList({ label, load, onPick, free = false }: PickListProps): VNode {
  const id = useId();
  const [text, setText] = useState("");
  const [options, setOptions] = useState<Option[] | null>(null);
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      load(text).then(
        (loaded) => current && setOptions(loaded),
        () => current && setOptions([]),
      );
    }, text === "" ? 0 : 120);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const needle = text.toLowerCase();
  const shown = (options ?? []).filter(({ value, label: name }) => (name ?? value).toLowerCase().includes(needle)).slice(0, MAX_SHOWN);
  if (free && text !== "" && !shown.some(({ value }) => value === text)) shown.push({ value: text, note: "as typed" });
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = Math.max(0, Math.min(shown.length - 1, active + (event.key === "ArrowDown" ? 1 : -1)));
      setActive(next);
      list.current?.children[next]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = shown[active];
      if (option) onPick(option);
    }
  };
  return (
    <div class="picklist">
      <input
        class="input"
        data-autofocus
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={shown[active] ? `${id}-${active}` : undefined}
        placeholder={label}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        autocomplete="off"
        spellcheck={false}
      />
      <ul id={id} role="listbox" aria-label={label} ref={list}>
        {shown.map((option, index) => (
          <li key={option.value + (option.label ?? "")} id={`${id}-${index}`} role="option" aria-selected={index === active} class="menu-item" onClick={() => onPick(option)} onPointerMove={() => setActive(index)}>
            <span class="option-text">{option.label ?? option.value}</span>
            {option.note && <span class="note">{option.note}</span>}
          </li>
        ))}
      </ul>
      {options !== null && shown.length === 0 && <p class="menu-title">Nothing found</p>}
    </div>
  );
}

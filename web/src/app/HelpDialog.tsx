//! The list of keyboard shortcuts of the page that is shown, under `?`.

import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../components/Icon";
import { helpOpen, scopes, type Shortcut } from "../components/keyboard";
import "./HelpDialog.css";

const NAMES: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", " ": "Space" };

export function HelpDialog(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const groups = new Map<string, Shortcut[]>();
  for (const shortcut of scopes.value.flatMap(({ list }) => list)) groups.set(shortcut.group, [...(groups.get(shortcut.group) ?? []), shortcut]);
  return (
    <dialog ref={dialog} class="dialog" aria-label="Keyboard shortcuts" onClose={() => (helpOpen.value = false)} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <header>
        <h2>Keyboard shortcuts</h2>
        <button type="button" class="button quiet icon-only" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div class="shortcut-groups">
        {open &&
          [...groups].map(([group, shortcuts]) => (
            <section key={group}>
              <h3>{group}</h3>
              <ul>
                {shortcuts.map(({ keys, label }) => (
                  <li key={label}>
                    <span>{label}</span>
                    <span class="keys">{keys.map((key) => key.split(" ").filter(Boolean).map((part) => <kbd key={key + part}>{NAMES[part] ?? part}</kbd>))}</span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
      </div>
    </dialog>
  );
}

//! Copies a text and says so for a moment.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "./Icon";

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  // Pages that are not on localhost or HTTPS have no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({ text, title, label, class: className = "button quiet small icon-only" }: { text: string | (() => string | Promise<string>); title: string; label?: string; class?: string }): VNode {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void Promise.resolve(typeof text === "string" ? text : text())
      .then(copyText)
      .then(() => {
        setCopied(true);
        setTimeout(() => setCopied(false), 1200);
      });
  };
  return (
    <button type="button" class={className} title={copied ? "Copied" : title} aria-label={copied ? "Copied" : title} onClick={copy}>
      <Icon name={copied ? "check" : "copy"} size={14} />
      {label}
    </button>
  );
}

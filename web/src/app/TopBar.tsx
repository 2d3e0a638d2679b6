//! The bar above every page: where one is, a field that opens a trace by its id, opening a file,
//! the theme, and help.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon, type IconName } from "../components/Icon";
import { Popover } from "../components/Popover";
import { normalizeTraceId } from "../location/params";
import { href, navigate, place } from "../location/place";
import { chooseFiles } from "../files/opened";
import { ZonePicker } from "./ZonePicker";
import { SignOut } from "../session/SignOut";
import { TenantLink } from "../session/TenantLink";
import { SIGN_IN } from "./routes";
import { helpOpen } from "../components/keyboard";
import { chooseTheme, theme, type Theme } from "../components/theme";
import "./TopBar.css";

const THEMES: [Theme, string, IconName][] = [
  ["auto", "As the system", "auto"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

export function TopBar(): VNode {
  const { path } = place.value;
  const [id, setId] = useState("");
  const [wrong, setWrong] = useState(false);
  const open = (event: Event): void => {
    event.preventDefault();
    const traceId = normalizeTraceId(id);
    setWrong(traceId === null && id.trim() !== "");
    if (traceId === null) return;
    setId("");
    navigate(href(`trace/${traceId}`));
  };
  return (
    <header class="topbar">
      <a class="brand" href={href("search")} aria-label="Tracewell">
        <Icon name="logo" size={18} />
        <span>Tracewell</span>
      </a>
      <nav aria-label="Pages">
        <a href={href("search")} aria-current={path === "search" ? "page" : undefined}>
          Search
        </a>
        <a href={href("status")} aria-current={path === "status" ? "page" : undefined}>
          Status
        </a>
      </nav>
      <div class="spacer" />
      <form onSubmit={open} role="search" aria-label="Open a trace">
        <input
          class="input mono trace-id"
          placeholder="Go to trace id"
          aria-label="Go to trace id"
          aria-invalid={wrong}
          title={wrong ? "A trace id has 1 to 32 hexadecimal digits" : undefined}
          value={id}
          onInput={(event) => {
            setId(event.currentTarget.value);
            setWrong(false);
          }}
          spellcheck={false}
          autocomplete="off"
        />
      </form>
      <button type="button" class="button quiet" onClick={() => chooseFiles()} title="Open a trace from a file (OTLP, Jaeger or Zipkin)">
        <Icon name="upload" />
        <span class="wide-only">Open file</span>
      </button>
      <ZonePicker />
      <Popover label={<Icon name={THEMES.find(([value]) => value === theme.value)![2]} />} title="Theme" class="button quiet icon-only" align="end">
        {(close) =>
          THEMES.map(([value, label, icon]) => (
            <button
              type="button"
              key={value}
              class={`menu-item ${theme.value === value ? "current" : ""}`}
              aria-pressed={theme.value === value}
              onClick={() => {
                chooseTheme(value);
                close();
              }}
            >
              <Icon name={icon} />
              {label}
            </button>
          ))
        }
      </Popover>
      <button type="button" class="button quiet icon-only" title="Keyboard shortcuts (?)" aria-label="Keyboard shortcuts" onClick={() => (helpOpen.value = true)}>
        <Icon name="help" />
      </button>
      <TenantLink page={SIGN_IN} />
      <SignOut />
    </header>
  );
}

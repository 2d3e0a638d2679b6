//! The head of the trace page: what the trace is, its figures, find, folding, and taking it along.

import type { ComponentChildren, RefObject, VNode } from "preact";
import { CopyButton } from "../components/CopyButton";
import { Icon } from "../components/Icon";
import { Popover } from "../components/Popover";
import { formatAgo, formatCount, formatDuration, formatTime, nsToMs } from "../model/format";
import { serviceLabel } from "../model/service";
import { hrefBack, place } from "../location/place";
import { ConfiguredLinks } from "./ConfiguredLinks";
import { FindBar } from "./FindBar";
import { useTraceLinks } from "./links";
import { type Download, linkToView } from "./takeAlong";
import type { TraceView } from "./view";
import "./TraceHeader.css";

export interface TraceHeaderProps {
  view: TraceView;
  findRef: RefObject<HTMLInputElement | null>;
  downloads: Download[];
  note?: ComponentChildren;
  onReload?: () => void;
}

export function TraceHeader({ view, findRef, downloads, note, onReload }: TraceHeaderProps): VNode {
  return (
    <header class="trace-header">
      {shows("title") && <Title view={view} findRef={findRef} downloads={downloads} onReload={onReload} />}
      {shows("facts") && <Facts view={view} note={note} />}
    </header>
  );
}

function Title({ view, findRef, downloads, onReload }: TraceHeaderProps): VNode {
  const { header } = view.model;
  const links = useTraceLinks(header);
  const rootColour = header.rootService === null ? -1 : view.colours[header.services.indexOf(header.rootService)];
  return (
    <div class="trace-title">
      <a class="button quiet small icon-only" href={hrefBack("search")} title="Back to search (u)" aria-label="Back to search">
        <Icon name="left" />
      </a>
      <h1 title={header.rootName === null ? undefined : `${serviceLabel(header.rootService)} ${header.rootName}`}>
        {rootColour !== -1 && header.services.length > 1 && <span class="dot" style={{ "--c": `var(--svc-${rootColour})` }} />}
        {header.rootName === null ? (
          <span class="unknown-root">{header.orphanCount > 0 ? "Root span not received" : "No span is the root"}</span>
        ) : (
          <>
            <span>{serviceLabel(header.rootService)}</span> <span class="root-name">{header.rootName || "(no name)"}</span>
          </>
        )}
      </h1>
      <span class="trace-id-tag mono" title={header.traceId}>
        {header.traceId.slice(0, 8)}
        <CopyButton text={header.traceId} title="Copy the trace id (Y)" />
      </span>
      <ConfiguredLinks links={links} />
      <div class="spacer" />
      {view.explained.possible && (
        <button type="button" class="button small" aria-pressed={view.explained.open.value} title="Where the time is, and what is odd (x)" onClick={() => view.explained.toggle()}>
          Explain
        </button>
      )}
      <FindBar view={view} inputRef={findRef} />
      {onReload && (
        <button type="button" class="button quiet icon-only" title="Load the trace again (r)" aria-label="Load the trace again" onClick={onReload}>
          <Icon name="reload" />
        </button>
      )}
      <CopyButton text={() => linkToView(view)} title="Copy a link to this view (l)" class="button quiet icon-only" />
      {downloads.length > 0 && (
        <Popover label={<Icon name="download" />} title="Download" class="button quiet icon-only" align="end">
          {() =>
            downloads.map(({ label, url, name }) => (
              <a key={label} class="menu-item" href={url} download={name}>
                <Icon name="download" />
                {label}
              </a>
            ))
          }
        </Popover>
      )}
      <button type="button" class="button quiet icon-only" aria-pressed={view.paneOpen.value} title="Details (b)" aria-label="Details" onClick={() => view.openPane(!view.paneOpen.value)}>
        <Icon name={view.paneSide.value === "right" ? "pane" : "paneBottom"} />
      </button>
    </div>
  );
}

function Facts({ view, note }: { view: TraceView; note?: ComponentChildren }): VNode {
  const { model } = view;
  const { header } = model;
  const started = nsToMs(header.startNs);
  return (
    <dl class="trace-facts">
      <Fact name="Started" title={formatAgo(started, Date.now())}>
        {formatTime(started)}
      </Fact>
      <Fact name="Duration">{formatDuration(Number(header.durationNs))}</Fact>
      <Fact name="Spans">{formatCount(model.n)}</Fact>
      <Fact name="Services">{formatCount(header.services.length)}</Fact>
      <Fact name="Depth">{formatCount(header.depth)}</Fact>
      <Fact name="Errors">
        {header.errorCount === 0 ? (
          "0"
        ) : (
          <button type="button" class="error-jump" title="Go to the next error (e)" onClick={() => view.nextError(1)}>
            <Icon name="error" size={13} />
            {formatCount(header.errorCount)}
          </button>
        )}
      </Fact>
      {note && <div class="fact-note">{note}</div>}
    </dl>
  );
}

/** Whoever embeds the page may leave parts out. */
const shows = (part: string): boolean => place.value.params.get(part) !== "0";

function Fact({ name, title, children }: { name: string; title?: string; children: ComponentChildren }): VNode {
  return (
    <div class="fact" title={title}>
      <dt>{name}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

//! The events of a span, in time. Exceptions read like exceptions: type, message, stack trace.

import type { VNode } from "preact";
import { CopyButton } from "../components/CopyButton";
import { Icon } from "../components/Icon";
import { type SpanEvent, valueText } from "../model/details";
import { formatDuration } from "../model/format";
import { AttributeTable } from "./Attributes";
import type { LinksBeside } from "./links";
import "./Events.css";

export function Events({ events, title, links }: { events: SpanEvent[]; title: string; links: LinksBeside }): VNode {
  return (
    <section class="events" aria-label={title}>
      <h3>
        {title} <span class="muted num">{events.length}</span>
      </h3>
      {events.map((event, index) => (event.name === "exception" ? <Exception key={index} event={event} links={links} /> : <Event key={index} event={event} links={links} />))}
    </section>
  );
}

const offset = ({ offsetNs }: SpanEvent): string => `+${formatDuration(Number(offsetNs))}`.replace("+-", "−");

function Event({ event, links }: { event: SpanEvent; links: LinksBeside }): VNode {
  return (
    <div class="event">
      <p class="event-head">
        <span class="event-time num">{offset(event)}</span>
        <span>{event.name || "(no name)"}</span>
      </p>
      {event.attributes.length > 0 && <AttributeTable attributes={event.attributes} links={links} />}
      {event.droppedAttributes > 0 && <p class="dropped">{event.droppedAttributes} attributes dropped</p>}
    </div>
  );
}

const EXCEPTION_KEYS = ["exception.type", "exception.message", "exception.stacktrace"];

function Exception({ event, links }: { event: SpanEvent; links: LinksBeside }): VNode {
  const text = (key: string): string => valueText(event.attributes.find((attribute) => attribute.key === key)?.value ?? "");
  const [type, message, stack] = EXCEPTION_KEYS.map(text) as [string, string, string];
  const rest = event.attributes.filter(({ key }) => !EXCEPTION_KEYS.includes(key));
  return (
    <div class="exception">
      <p class="exception-head">
        <Icon name="error" size={14} />
        <strong>{type || "exception"}</strong>
        <span class="event-time num">{offset(event)}</span>
        <CopyButton text={[type, message, stack].filter(Boolean).join("\n")} title="Copy the exception" />
      </p>
      {message !== "" && <p class="exception-message">{message}</p>}
      {stack !== "" && (
        <pre class="stack" tabIndex={0} aria-label="Stack trace">
          {stack.split("\n").map((line, index) => (
            <span key={index} class={isForeign(line) ? "foreign" : ""}>
              {line}
              {"\n"}
            </span>
          ))}
        </pre>
      )}
      {rest.length > 0 && <AttributeTable attributes={rest} links={(_, attribute) => links(event.attributes, attribute)} />}
    </div>
  );
}

/** Frames of libraries and runtimes step back, so that one's own code stands out. */
const isForeign = (line: string): boolean => /node_modules|node:internal|site-packages|\/lib\/python|\bjava\.base\/|^\s*at (java|sun|jdk)\.|\/rustc\/|\.cargo\/registry/.test(line);

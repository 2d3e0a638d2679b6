//! Attributes as people read them: grouped by what they are about, long values folded, queries and
//! JSON set as code, with copying, finding in this trace and searching for other traces at hand.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { CopyButton } from "../components/CopyButton";
import { Icon } from "../components/Icon";
import { type Attribute, valueText } from "../model/details";
import { formatCount, plural } from "../model/format";
import { indentJson } from "../model/json";
import type { Link } from "../model/linkPatterns";
import { href, paramsOf } from "../location/place";
import { compare, parseConditions, toQuery } from "../query/conditions";
import { typedLiteral } from "../query/literal";
import { attributeField } from "../query/tokens";
import { ConfiguredLinks } from "./ConfiguredLinks";
import type { LinksBeside } from "./links";
import type { TraceView } from "./view";
import "./Attributes.css";

const GROUPS: [string, RegExp][] = [
  ["HTTP", /^(http|url|user_agent)\b/],
  ["Database", /^db\b/],
  ["RPC", /^rpc\b/],
  ["Messaging", /^messaging\b/],
  ["GenAI", /^gen_ai\b/],
  ["Error", /^(error|exception)\b/],
  ["Network", /^(server|client|network|net|peer|source|destination|tls)\b/],
  ["Code", /^(code|thread)\b/],
];

/** Longer values are cut until they are asked for. */
const LONG_TEXT = 600;

export interface AttributeContext {
  filter?: string;
  view?: TraceView;
  /** Searching makes sense for stored traces only. */
  stored?: boolean;
  scope?: "span" | "resource";
  /** The operator's links, of the list that is shown. */
  links?: LinksBeside;
}

export function AttributeGroups({ attributes, links, ...context }: { attributes: Attribute[] } & AttributeContext): VNode {
  const groups = new Map<string, Attribute[]>();
  for (const attribute of [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const name = GROUPS.find(([, pattern]) => pattern.test(attribute.key))?.[0] ?? "Other";
    groups.set(name, [...(groups.get(name) ?? []), attribute]);
  }
  const order = [...GROUPS.map(([name]) => name), "Other"].filter((name) => groups.has(name));
  if (order.length === 0) return <p class="no-attributes">This span has no attributes.</p>;
  return (
    <section class="attributes" aria-label="Attributes">
      {order.map((name) => (
        <div key={name}>
          <h3>{order.length === 1 && name === "Other" ? "Attributes" : name}</h3>
          <AttributeTable attributes={groups.get(name)!} links={links && ((_, attribute) => links(attributes, attribute))} {...context} />
        </div>
      ))}
    </section>
  );
}

export function AttributeTable({ attributes, filter = "", links, ...context }: { attributes: Attribute[] } & AttributeContext): VNode {
  const needle = filter.toLowerCase();
  const shown = attributes.filter(({ key, value }) => needle === "" || key.toLowerCase().includes(needle) || valueText(value).toLowerCase().includes(needle));
  if (shown.length === 0 && attributes.length > 0) return <p class="no-attributes">{plural(attributes.length, "attribute")} without a match</p>;
  return (
    <table class="attribute-table">
      <tbody>
        {shown.map((attribute, index) => (
          <AttributeRow key={attribute.key + index} attribute={attribute} links={links?.(attributes, attribute) ?? []} {...context} />
        ))}
      </tbody>
    </table>
  );
}

function AttributeRow({ attribute, links, view, stored, scope = "span" }: { attribute: Attribute; links: Link[] } & Omit<AttributeContext, "filter" | "links">): VNode {
  const text = valueText(attribute.value);
  const simple = ["string", "int", "double", "bool"].includes(attribute.type) && attribute.value !== null;
  const searchable = stored && simple && text.length < 1000;
  return (
    <tr>
      <th scope="row" title={attribute.type}>
        {attribute.key}
      </th>
      <td>
        <Value attribute={attribute} text={text} />
        <ConfiguredLinks links={links} />
        <span class="row-actions">
          {view && simple && text.length < 200 && (
            <button type="button" class="button quiet small icon-only" title="Find in this trace" aria-label={`Find ${attribute.key} in this trace`} onClick={() => view.find(`${attribute.key}=${text}`)}>
              <Icon name="filter" size={13} />
            </button>
          )}
          {searchable && (
            <a class="button quiet small icon-only" title="Search for traces with this" aria-label={`Search for traces with ${attribute.key}`} href={narrowed(scope, attribute, "=")}>
              <Icon name="search" size={13} />
            </a>
          )}
          {searchable && (
            <a class="button quiet small icon-only" title="Search for traces with another value than this" aria-label={`Exclude this ${attribute.key} from the search`} href={narrowed(scope, attribute, "!=")}>
              <Icon name="exclude" size={13} />
            </a>
          )}
          <CopyButton text={text} title="Copy the value" />
        </span>
      </td>
    </tr>
  );
}

/** The search one came from, with one condition more. */
function narrowed(scope: "span" | "resource", { key, type, value }: Attribute, op: "=" | "!="): string {
  const params = paramsOf("search");
  const condition = compare(attributeField(scope, key), op, typedLiteral(type, value as string));
  const before = params.get("q") ?? "{}";
  const others = parseConditions(before)?.filter(({ text }) => text !== condition.text);
  // More than a list of conditions is kept whole: some other span of the trace fulfils this one.
  params.set("q", others === undefined ? `(${before}) && ${toQuery([condition])}` : toQuery([...others, condition]));
  return href("search", params);
}

const CODE_KEYS = /^(db\.(query\.text|statement)|.*stack_?trace)$/;

function Value({ attribute: { key, type, value }, text }: { attribute: Attribute; text: string }): VNode {
  const [all, setAll] = useState(false);
  const pretty = prettyJson(type, value, text);
  const content = pretty ?? text;
  const block = pretty !== null || CODE_KEYS.test(key) || content.includes("\n");
  const cut = !all && content.length > LONG_TEXT;
  const shown = cut ? `${content.slice(0, LONG_TEXT)}…` : content;
  return (
    <>
      {block ? <pre class={`value ${type}`}>{shown}</pre> : <span class={`value ${type}`}>{type === "empty" ? <em class="muted">empty</em> : text === "" ? <em class="muted">empty text</em> : shown}</span>}
      {content.length > LONG_TEXT && (
        <button type="button" class="link-button" onClick={() => setAll(!all)}>
          {all ? "Show less" : `Show all ${formatCount(content.length)} characters`}
        </button>
      )}
    </>
  );
}

/** Structured values, and texts that hold JSON, with line breaks; null for everything else. */
function prettyJson(type: string, value: unknown, text: string): string | null {
  if (type === "kvlist" || (type === "array" && text.length > 60)) return JSON.stringify(value, null, 2);
  return type === "string" ? indentJson(text) : null;
}

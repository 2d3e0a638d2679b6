//! Links that the operator configured, as they stand beside a value or a name.

import type { VNode } from "preact";
import { Icon } from "../components/Icon";
import type { Link } from "../model/linkPatterns";
import "./ConfiguredLinks.css";

export function ConfiguredLinks({ links }: { links: Link[] }): VNode {
  return (
    <>
      {links.map(({ url, text }) => (
        <a key={url + text} class="configured-link" href={url} target="_blank" rel="noreferrer noopener" title={url}>
          <Icon name="link" size={12} />
          {text}
        </a>
      ))}
    </>
  );
}

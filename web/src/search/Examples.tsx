//! A menu of queries that show what can be asked; a choice is asked at once.

import type { VNode } from "preact";
import { Popover } from "../components/Popover";
import { EXAMPLES } from "../query/examples";
import "./Examples.css";

export function Examples({ onPick }: { onPick: (query: string) => void }): VNode {
  return (
    <Popover class="button quiet small" label="Examples" align="end">
      {(close) =>
        EXAMPLES.map(({ group, examples }) => (
          <div key={group} class="examples" role="group" aria-label={group}>
            <h2 class="menu-title">{group}</h2>
            {examples.map(({ title, query }) => (
              <button
                type="button"
                key={query}
                class="menu-item"
                onClick={() => {
                  close();
                  onPick(query);
                }}
              >
                <span>{title}</span>
                <code>{query}</code>
              </button>
            ))}
          </div>
        ))
      }
    </Popover>
  );
}

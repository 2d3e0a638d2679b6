//! The page at `trace/:traceId`: a trace from the store.

import type { VNode } from "preact";
import { Empty } from "../components/Empty";
import { Icon } from "../components/Icon";
import { chooseFiles } from "../files/opened";
import { isTraceId } from "../location/params";
import { href } from "../location/place";
import { StoredTrace } from "../trace/StoredTrace";

export default function Trace({ args: { traceId } }: { args: { traceId: string } }): VNode {
  if (!isTraceId(traceId)) {
    return (
      <Empty
        title="There is no such page"
        actions={
          <a class="button" href={href("search")}>
            Go to search
          </a>
        }
      >
        <code>{traceId}</code> is no trace id: these have 1 to 32 hexadecimal digits, of which one at least is not 0.
      </Empty>
    );
  }
  const elsewhere = (
    <button type="button" class="button" onClick={() => chooseFiles()}>
      <Icon name="upload" />
      Open from a file
    </button>
  );
  return <StoredTrace traceId={traceId} elsewhere={elsewhere} />;
}

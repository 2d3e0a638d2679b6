//! What a person takes along from a trace page: a link to just this view, and files.

import { settle } from "../location/place";
import type { TraceView } from "./view";

export interface Download {
  label: string;
  url: string;
  name: string;
}

/** Once the URL names the span that is selected. */
export async function linkToView(view: TraceView): Promise<string> {
  await view.settled();
  settle();
  return location.href;
}

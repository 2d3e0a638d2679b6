//! The page at `search`. Its search outlives it, so that the way back from a trace shows the same list
//! at the same place.

import type { VNode } from "preact";
import { place } from "../location/place";
import { HistogramSession } from "../search/histogram";
import { SearchPage } from "../search/SearchPage";
import { SearchSession } from "../search/session";

const session = new SearchSession();
addEventListener("pagehide", () => session.keepPlace());
const histogram = new HistogramSession();

export default function Search(): VNode {
  return <SearchPage session={session} histogram={histogram} params={place.value.params} />;
}

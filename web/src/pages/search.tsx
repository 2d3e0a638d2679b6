//! The page at `search`. Its search outlives it, so that the way back from a trace shows the same list
//! at the same place, or the same figures.

import type { VNode } from "preact";
import { QueryKinds } from "../api/queryKinds";
import { place } from "../location/place";
import { Figures } from "../metrics/Figures";
import { MetricsSession } from "../metrics/session";
import { HistogramSession } from "../search/histogram";
import { type Metrics, SearchPage } from "../search/SearchPage";
import { SearchSession } from "../search/session";

const session = new SearchSession();
addEventListener("pagehide", () => session.keepPlace());
const histogram = new HistogramSession();
const figures = new MetricsSession();
const kinds = new QueryKinds();
const metrics: Metrics = { session: figures, show: (params, onChange) => <Figures session={figures} params={params} onChange={onChange} /> };

export default function Search(): VNode {
  return <SearchPage session={session} histogram={histogram} metrics={metrics} kinds={kinds} params={place.value.params} />;
}

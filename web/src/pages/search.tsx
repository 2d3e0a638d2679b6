//! The page at `search`.

import type { VNode } from "preact";
import "../styles/search.css";
import { place } from "../location/place";
import { SearchPage } from "../search/SearchPage";

export default function Search(): VNode {
  return <SearchPage params={place.value.params} />;
}

//! The one or two attributes of a span that say most about it, short enough for its row.

import { type SpanDetail, valueText } from "../model/details";

const KEYS = [
  ["http.response.status_code", "http.status_code"],
  ["db.system.name", "db.system"],
  ["rpc.grpc.status_code"],
  ["messaging.system"],
  ["gen_ai.request.model"],
];
const MAX_PILLS = 2;
const MAX_LENGTH = 24;

export function pillsOf(detail: SpanDetail): string[] {
  const pills: string[] = [];
  for (const names of KEYS) {
    const found = detail.attributes.find(({ key }) => names.includes(key));
    if (found === undefined) continue;
    const text = valueText(found.value);
    // "ok" of gRPC says nothing.
    if (names[0] === "rpc.grpc.status_code") {
      if (text !== "0") pills.push(`gRPC ${text}`);
    } else pills.push(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
    if (pills.length === MAX_PILLS) break;
  }
  return pills;
}

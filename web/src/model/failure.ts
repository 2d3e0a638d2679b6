//! Which spans of an opened file failed: the server's definition (ADR 010), for files that no server reads.

import type { SpanDetail } from "./details";

const FIRST_HTTP_FAULT = 500;

/** Numbers and names of the gRPC statuses that are faults of a server. */
const GRPC_FAULTS = new Map([
  ["2", "unknown"], ["4", "deadlineexceeded"], ["12", "unimplemented"], ["13", "internal"], ["14", "unavailable"], ["15", "dataloss"],
]);

const isFaultNumber = (text: string): boolean => GRPC_FAULTS.has(text);
const isFaultName = (text: string): boolean => [...GRPC_FAULTS.values()].includes(text.replaceAll("_", "").toLowerCase());
const isHttpFault = (text: string): boolean => Number(text) >= FIRST_HTTP_FAULT;
const isGrpcFault = (text: string): boolean => isFaultNumber(text) || isFaultName(text);

/** What the value of an attribute proves, by key. */
const PROOFS: Record<string, (text: string) => boolean> = {
  error: (text) => text.toLowerCase() === "true",
  "http.response.status_code": isHttpFault,
  "http.status_code": isHttpFault,
  "rpc.grpc.status_code": isGrpcFault,
  "grpc.status_code": isGrpcFault,
  "rpc.response.status_code": isFaultName,
};

export function isFailed(detail: SpanDetail): boolean {
  if (detail.statusCode !== "unset") return detail.statusCode === "error";
  if (detail.events.some((event) => event.name === "exception")) return true;
  return detail.attributes.some(({ key, value }) => Object.hasOwn(PROOFS, key) && PROOFS[key]!(String(value)));
}

//! The columns of one trace: the typed arrays that the waterfall works on, and the decoder of the
//! server's skeleton answer. No per-span object exists anywhere: a million spans are eleven arrays.

/** Bits of the `flags` column. */
export const FLAG = {
  error: 1,
  events: 2,
  links: 4,
  orphan: 8,
  negativeDuration: 16,
  duplicateId: 32,
  /** Its parents form a cycle, which was cut here. */
  cycle: 64,
} as const;

export const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;

/** What is known about the trace as a whole. Times of 64 bits stay decimal strings. */
export interface SkeletonHeader {
  traceId: string;
  n: number;
  startNs: string;
  durationNs: string;
  services: string[];
  names: string[];
  scopes: string[];
  kinds: string[];
  rootService: string | null;
  rootName: string | null;
  errorCount: number;
  /** Spans whose parent never arrived. */
  orphanCount: number;
  /** Spans whose parents form a cycle. */
  cycleCount: number;
  /** Spans that wait for a sampling decision and are not stored yet; a file has none. */
  waitingCount?: number;
  depth: number;
  revision: string;
  warnings: string[];
  columns?: string[];
}

/** Rows are spans in depth-first pre-order; every array has one element per row. */
export interface Columns {
  /** ns after the start of the trace. */
  start: Float64Array;
  /** ns. */
  duration: Float64Array;
  /** Rows in the subtree, itself included. */
  subtree: Uint32Array;
  name: Uint32Array;
  depth: Uint16Array;
  service: Uint16Array;
  scope: Uint16Array;
  kind: Uint8Array;
  status: Uint8Array;
  flags: Uint8Array;
  /** Number of events, 255 for 255 and more. */
  events: Uint8Array;
}

export interface Skeleton {
  header: SkeletonHeader;
  columns: Columns;
}

type TypedArray = Float64Array | Uint32Array | Uint16Array | Uint8Array;
type TypedArrayClass = {
  new (length: number): TypedArray;
  new (buffer: ArrayBuffer, offset: number, length: number): TypedArray;
  BYTES_PER_ELEMENT: number;
};

/** The order of the columns in the answer; it is part of the contract. */
export const COLUMN_LAYOUT: readonly [keyof Columns, TypedArrayClass][] = [
  ["start", Float64Array],
  ["duration", Float64Array],
  ["subtree", Uint32Array],
  ["name", Uint32Array],
  ["depth", Uint16Array],
  ["service", Uint16Array],
  ["scope", Uint16Array],
  ["kind", Uint8Array],
  ["status", Uint8Array],
  ["flags", Uint8Array],
  ["events", Uint8Array],
];

const aligned = (offset: number): number => (offset + 7) & ~7;

/** Reads `u32 header length | header JSON | padding | columns`. Columns are views, not copies. */
export function decodeSkeleton(buffer: ArrayBuffer): Skeleton {
  if (buffer.byteLength < 4) throw new Error("the trace answer is empty");
  const headerBytes = new DataView(buffer).getUint32(0, true);
  if (4 + headerBytes > buffer.byteLength) throw new Error("the trace answer is cut off in its header");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerBytes))) as SkeletonHeader;
  let offset = aligned(4 + headerBytes);
  const columns: Partial<Record<keyof Columns, TypedArray>> = {};
  for (const [name, Type] of COLUMN_LAYOUT) {
    const bytes = header.n * Type.BYTES_PER_ELEMENT;
    if (offset + bytes > buffer.byteLength) throw new Error(`the trace answer is cut off in column ${name}`);
    columns[name] = new Type(buffer, offset, header.n);
    offset = aligned(offset + bytes);
  }
  return { header, columns: columns as unknown as Columns };
}

/** The inverse of {@link decodeSkeleton}; the development server and the tests answer with it. */
export function encodeSkeleton({ header, columns }: Skeleton): ArrayBuffer {
  const json = new TextEncoder().encode(JSON.stringify(header));
  let size = aligned(4 + json.length);
  for (const [, Type] of COLUMN_LAYOUT) size = aligned(size + header.n * Type.BYTES_PER_ELEMENT);
  const buffer = new ArrayBuffer(size);
  new DataView(buffer).setUint32(0, json.length, true);
  new Uint8Array(buffer).set(json, 4);
  let offset = aligned(4 + json.length);
  for (const [name, Type] of COLUMN_LAYOUT) {
    const view = new Type(buffer, offset, header.n);
    view.set(columns[name]);
    offset = aligned(offset + header.n * Type.BYTES_PER_ELEMENT);
  }
  return buffer;
}

export function emptyColumns(n: number): Columns {
  const columns: Partial<Record<keyof Columns, TypedArray>> = {};
  for (const [name, Type] of COLUMN_LAYOUT) columns[name] = new Type(n);
  return columns as unknown as Columns;
}

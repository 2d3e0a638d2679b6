//! Reads OTLP in protobuf, as exporters send it and as the Collector's file exporter writes it: into
//! the shape of OTLP JSON, which `otlp.ts` reads. Fields that it does not know are skipped, as
//! protobuf wants it; a message that is cut off is an error.

type Kind = "text" | "hex" | "base64" | "bool" | "int" | "uint" | "fixed32" | "fixed64" | "double";
/** Name in OTLP JSON, what it is (a message's name or a kind), and whether it repeats. */
type Field = readonly [string, Kind | MessageName, "many"?];
type MessageName = "Traces" | "ResourceSpans" | "Resource" | "ScopeSpans" | "Scope" | "Span" | "Event" | "Link" | "Status" | "KeyValue" | "AnyValue" | "ArrayValue" | "KeyValueList";
type Json = Record<string, unknown>;

const ATTRIBUTES = ["attributes", "KeyValue", "many"] as const;
const MESSAGES: Record<MessageName, Record<number, Field>> = {
  Traces: { 1: ["resourceSpans", "ResourceSpans", "many"] },
  // 1000 was their name before.
  ResourceSpans: { 1: ["resource", "Resource"], 2: ["scopeSpans", "ScopeSpans", "many"], 3: ["schemaUrl", "text"], 1000: ["scopeSpans", "ScopeSpans", "many"] },
  Resource: { 1: ATTRIBUTES, 2: ["droppedAttributesCount", "uint"] },
  ScopeSpans: { 1: ["scope", "Scope"], 2: ["spans", "Span", "many"], 3: ["schemaUrl", "text"] },
  Scope: { 1: ["name", "text"], 2: ["version", "text"], 3: ATTRIBUTES, 4: ["droppedAttributesCount", "uint"] },
  Span: {
    1: ["traceId", "hex"], 2: ["spanId", "hex"], 3: ["traceState", "text"], 4: ["parentSpanId", "hex"], 5: ["name", "text"], 6: ["kind", "uint"],
    7: ["startTimeUnixNano", "fixed64"], 8: ["endTimeUnixNano", "fixed64"], 9: ATTRIBUTES, 10: ["droppedAttributesCount", "uint"],
    11: ["events", "Event", "many"], 12: ["droppedEventsCount", "uint"], 13: ["links", "Link", "many"], 14: ["droppedLinksCount", "uint"], 15: ["status", "Status"], 16: ["flags", "fixed32"],
  },
  Event: { 1: ["timeUnixNano", "fixed64"], 2: ["name", "text"], 3: ATTRIBUTES, 4: ["droppedAttributesCount", "uint"] },
  Link: { 1: ["traceId", "hex"], 2: ["spanId", "hex"], 3: ["traceState", "text"], 4: ATTRIBUTES },
  Status: { 2: ["message", "text"], 3: ["code", "uint"] },
  KeyValue: { 1: ["key", "text"], 2: ["value", "AnyValue"] },
  AnyValue: { 1: ["stringValue", "text"], 2: ["boolValue", "bool"], 3: ["intValue", "int"], 4: ["doubleValue", "double"], 5: ["arrayValue", "ArrayValue"], 6: ["kvlistValue", "KeyValueList"], 7: ["bytesValue", "base64"] },
  ArrayValue: { 1: ["values", "AnyValue", "many"] },
  KeyValueList: { 1: ["values", "KeyValue", "many"] },
};

/** Deeper values than this are not read: a crafted file must not exhaust the stack. */
const MAX_DEPTH = 64;

export class ProtobufError extends Error {}

/** The requests in a file: one message, or several with their lengths (u32, big-endian) before them. */
export function readProtobuf(bytes: Uint8Array): Json[] {
  try {
    return [message(bytes, "Traces", 0)];
  } catch (whole) {
    const framed = frames(bytes);
    if (framed === null) throw whole;
    return framed.map((frame) => message(frame, "Traces", 0));
  }
}

function frames(bytes: Uint8Array): Uint8Array[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) return null;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function message(bytes: Uint8Array, name: MessageName, depth: number): Json {
  if (depth > MAX_DEPTH) throw new ProtobufError(`values are nested deeper than ${MAX_DEPTH}`);
  const reader = new Reader(bytes);
  const result: Json = {};
  while (reader.at < bytes.length) {
    const tag = Number(reader.varint());
    const [number, wire] = [tag >>> 3, tag & 7];
    if (number === 0) throw new ProtobufError("a field has the number 0");
    const field = MESSAGES[name][number];
    const raw = reader.value(wire);
    if (field === undefined) continue;
    const [key, kind, many] = field;
    const value = kind in MESSAGES ? message(asBytes(raw), kind as MessageName, depth + 1) : scalar(raw, kind as Kind);
    if (many) ((result[key] ??= []) as unknown[]).push(value);
    else result[key] = value;
  }
  return result;
}

type Raw = bigint | Uint8Array;

function asBytes(raw: Raw): Uint8Array {
  if (typeof raw === "bigint") throw new ProtobufError("a number stands where a message is expected");
  return raw;
}

const asNumber = (raw: Raw): bigint => {
  if (typeof raw !== "bigint") throw new ProtobufError("a message stands where a number is expected");
  return raw;
};

function scalar(raw: Raw, kind: Kind): string | number | boolean {
  switch (kind) {
    case "text":
      return new TextDecoder().decode(asBytes(raw));
    case "hex":
      return [...asBytes(raw)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    case "base64":
      return btoa(asBytes(raw).reduce((text, byte) => text + String.fromCharCode(byte), ""));
    case "bool":
      return asNumber(raw) !== 0n;
    case "int":
      return String(BigInt.asIntN(64, asNumber(raw)));
    case "uint":
    case "fixed32":
      return Number(asNumber(raw));
    case "fixed64":
      return String(asNumber(raw));
    case "double":
      return double(asNumber(raw));
  }
}

function double(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

class Reader {
  at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1)[0]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError("a number has more than 64 bits");
  }

  /** What a field holds, by its wire type. */
  value(wire: number): Raw {
    if (wire === 0) return this.varint();
    if (wire === 1) return this.view.getBigUint64(this.skip(8), true);
    if (wire === 5) return BigInt(this.view.getUint32(this.skip(4), true));
    if (wire === 2) return this.take(Number(this.varint()));
    throw new ProtobufError(`a field has the wire type ${wire}, which OTLP does not use`);
  }

  private take(count: number): Uint8Array {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  private skip(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw new ProtobufError("it is cut off");
    this.at = from + count;
    return from;
  }
}

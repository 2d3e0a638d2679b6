//! Details and find for a trace that is in the browser's memory: an opened file.

import { type Attribute, type AttributeValue, type DetailSource, type SpanDetail, valueText } from "./details";

export class LocalSource implements DetailSource {
  constructor(
    private readonly details: readonly SpanDetail[],
    private readonly serviceOf: (row: number) => string,
  ) {}

  spans(rows: number[]): Promise<SpanDetail[]> {
    return Promise.resolve(rows.map((row) => this.details[row]).filter((detail) => detail !== undefined));
  }

  rowsOf(spanId: string): Promise<number[]> {
    return Promise.resolve(this.details.flatMap((detail, row) => (detail.spanId === spanId ? [row] : [])));
  }

  find(query: string): Promise<Uint32Array> {
    const matches = matcher(query);
    const rows: number[] = [];
    this.details.forEach((detail, row) => {
      if (matches(detail, this.serviceOf(row))) rows.push(row);
    });
    return Promise.resolve(Uint32Array.from(rows));
  }
}

function matcher(query: string): (detail: SpanDetail, service: string) => boolean {
  const text = query.trim().toLowerCase();
  const contains = (value: string): boolean => value.toLowerCase().includes(text);
  const attributeContains = ({ key, value }: Attribute): boolean => contains(key) || contains(valueText(value));
  const containsText = (detail: SpanDetail, service: string): boolean =>
    contains(detail.name) ||
    contains(service) ||
    contains(detail.spanId) ||
    contains(detail.statusMessage) ||
    detail.attributes.some(attributeContains) ||
    detail.resource.attributes.some(attributeContains) ||
    detail.events.some((event) => contains(event.name) || event.attributes.some(attributeContains));
  const pair = /^([\w.\-/]+)=(.+)$/.exec(text);
  if (pair === null) return containsText;
  const [, key, wanted] = pair;
  const equals = (attribute: { key: string; value: AttributeValue }): boolean =>
    attribute.key.toLowerCase() === key && valueText(attribute.value).toLowerCase() === wanted;
  return (detail, service) =>
    detail.attributes.some(equals) ||
    detail.resource.attributes.some(equals) ||
    detail.events.some((event) => event.attributes.some(equals)) ||
    containsText(detail, service);
}

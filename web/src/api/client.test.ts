// Reading NDJSON from a stream that is cut anywhere.
import { expect, it } from "vitest";
import { readNdjson } from "./client";

function streamOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function read(chunks: Uint8Array[]): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of readNdjson(streamOf(chunks))) lines.push(line);
  return lines;
}

const TEXT = '{"a":"ü✓"}\n{"b":2}\n\n{"c":3}';
const EXPECTED = [{ a: "ü✓" }, { b: 2 }, { c: 3 }];

it("reads the same lines wherever the stream is cut, also inside a character", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let cut = 0; cut <= bytes.length; cut++) expect(await read([bytes.slice(0, cut), bytes.slice(cut)])).toEqual(EXPECTED);
  expect(await read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(EXPECTED);
});

it("reads an empty stream", async () => expect(await read([])).toEqual([]));

it("gives lines before the stream has ended", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const lines = readNdjson<{ n: number }>(readable);
  void writer.write(new TextEncoder().encode('{"n":1}\n{"n":'));
  expect((await lines.next()).value).toEqual({ n: 1 });
  void writer.write(new TextEncoder().encode("2}\n"));
  expect((await lines.next()).value).toEqual({ n: 2 });
  await lines.return(undefined);
});

it("fails on a line that is not JSON", async () => {
  await expect(read([new TextEncoder().encode("<html>\n")])).rejects.toThrow();
});

//! Talking to the server: URLs under the base path, errors as one class, NDJSON line by line.

import { signal } from "@preact/signals";
import type { ApiErrorBody } from "./types";

/** How often the server did not know who asked. Whoever surrounds the pages leads people to the sign-in. */
export const unknownTimes = signal(0);

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiErrorBody,
  ) {
    super(body.message);
  }
}

/** The server cannot be reached at all. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer. Is it running?");
  }
}

/** The answer ended before it was complete: the connection broke, or the server did. */
export class CutOff extends Error {
  constructor() {
    super("The answer of the server was cut off.");
  }
}

export function apiUrl(path: string, params: Record<string, string | number | undefined> = {}): string {
  const url = new URL(path, document.baseURI);
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== "") url.searchParams.set(key, String(value));
  return url.href;
}

export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable();
  }
  if (response.status === 401) unknownTimes.value++;
  if (!response.ok) throw new ApiError(response.status, await errorBody(response));
  return response;
}

async function errorBody(response: Response): Promise<ApiErrorBody> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as Partial<ApiErrorBody>;
    if (typeof body.message === "string") return { ...body, code: body.code ?? "error", message: body.message };
  } catch {
    // Not JSON: a proxy answered.
  }
  return { code: "error", message: text.slice(0, 300) || `the server answered ${response.status}` };
}

/** What a response holds, all of it. */
export async function whole<T>(response: Response, read: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await read(response);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new CutOff();
  }
}

export async function getJson<T>(path: string, params: Record<string, string | number | undefined> = {}, signal?: AbortSignal): Promise<T> {
  return whole(await request(apiUrl(path, params), { signal }), (response) => response.json() as Promise<T>);
}

/** The JSON documents of a stream, one per line, as soon as each line is complete. */
export async function* readNdjson<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw isAbort(error) ? error : new CutOff();
      });
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split("\n");
      rest = done ? "" : lines.pop()!;
      for (const line of lines) if (line.trim() !== "") yield parsed<T>(line, done);
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parsed<T>(line: string, isLast: boolean): T {
  try {
    return JSON.parse(line) as T;
  } catch (error) {
    throw isLast ? new CutOff() : error;
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

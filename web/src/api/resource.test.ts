// Asking, keeping, cancelling and trying again, without a server.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, Unreachable } from "./client";
import { Resource, ResourceCache } from "./resource";
import { retryWhenAway } from "./retry";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

it("keeps old data beside an error, and asks again with growing waits until the server is back", async () => {
  let away = false;
  let asked = 0;
  const resource = new Resource({
    load: async () => {
      asked++;
      if (away) throw new Unreachable();
      return asked;
    },
  });
  const leave = resource.watch();
  await settle();
  expect(resource.state.value).toEqual({ data: 1, error: null, loading: false, retryAtMs: null });
  away = true;
  resource.refresh();
  expect(resource.state.value).toMatchObject({ data: 1, loading: true });
  await settle();
  expect(resource.state.value).toMatchObject({ data: 1, loading: false });
  expect(resource.state.value.error).toBeInstanceOf(Unreachable);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBe(3);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBe(3);
  away = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(resource.state.value).toEqual({ data: 4, error: null, loading: false, retryAtMs: null });
  leave();
});

it("is cancelled when the last one leaves, and not asked again", async () => {
  let signal: AbortSignal | undefined;
  let asked = 0;
  const resource = new Resource<number>({
    load: (given) => {
      signal = given;
      asked++;
      return new Promise(() => undefined);
    },
  });
  const [first, second] = [resource.watch(), resource.watch()];
  expect(asked).toBe(1);
  first();
  expect(signal!.aborted).toBe(false);
  second();
  expect(signal!.aborted).toBe(true);
  expect(resource.state.value.loading).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(1);
});

it("gives a fresh answer without asking, and the answer of now to who asked last", async () => {
  const answers = ["old", "new"];
  const waiting: ((value: string) => void)[] = [];
  const resource = new Resource<string>({ freshMs: 5000, load: () => new Promise((resolve) => waiting.push(resolve)) });
  resource.ahead();
  resource.refresh();
  waiting[1]!(answers[1]!);
  waiting[0]!(answers[0]!);
  await settle();
  expect(resource.state.value.data).toBe("new");
  const leave = resource.watch();
  expect(waiting).toHaveLength(2);
  leave();
  vi.setSystemTime(Date.now() + 6000);
  resource.watch()();
  expect(waiting).toHaveLength(3);
});

it.each([
  [new Unreachable(), 0, 1000],
  [new Unreachable(), 3, 8000],
  [new Unreachable(), 20, 30_000],
  [new ApiError(503, { code: "busy", message: "" }), 1, 2000],
  [new ApiError(400, { code: "bad", message: "" }), 0, null],
  [new ApiError(404, { code: "gone", message: "" }), 0, null],
  [new Error("a fault of ours"), 0, null],
])("waits for what passes: %s, attempt %d", (error, attempt, ms) => expect(retryWhenAway(error, attempt)).toBe(ms));

it("keeps the resources that were used last", () => {
  const cache = new ResourceCache(2, (key) => ({ load: async () => key }));
  const [a, b] = [cache.get("a"), cache.get("b")];
  expect(cache.get("a")).toBe(a);
  cache.get("c");
  expect(cache.get("a")).toBe(a);
  expect(cache.get("b")).not.toBe(b);
});

it("is polled without cutting off an answer on its way, nor the pause after a failure", async () => {
  let asked = 0;
  let answer: (value: number) => void = () => undefined;
  let away = false;
  const resource = new Resource<number>({
    load: () => {
      asked++;
      if (away) return Promise.reject(new Unreachable());
      return new Promise((resolve) => (answer = resolve));
    },
  });
  const leave = resource.watch();
  resource.poll();
  resource.poll();
  expect(asked).toBe(1);
  answer(1);
  await settle();
  expect(resource.state.value.data).toBe(1);
  away = true;
  resource.poll();
  await settle();
  const { retryAtMs } = resource.state.value;
  resource.poll();
  expect([asked, resource.state.value.retryAtMs]).toEqual([2, retryAtMs]);
  leave();
});

// Starts the server that the browser tests look at, with an empty store of its own on free ports:
// the real binary; with TRACEWELL_E2E=disk the binary with the pages of `dist` instead of its own,
// which saves building it; with TRACEWELL_E2E=dev the development server. The one place that knows
// flags and how readiness is told.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Server {
  /** Without a slash at the end. */
  ui: string;
  otlpHttp: string;
  isDev: boolean;
  send(request: object): Promise<void>;
  sendProtobuf(request: Uint8Array): Promise<void>;
  /** Waits until that many traces can be found. */
  waitForTraces(count: number): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = 30_000;
const VISIBLE_MS = 15_000;

/** `flags`: besides those of its directory and ports; the development server takes none. `token`: what
 * a locked server wants from whoever sends and asks. */
export async function startServer(flags: string[] = [], token?: string): Promise<Server> {
  const isDev = process.env.TRACEWELL_E2E === "dev";
  const directory = await mkdtemp(join(tmpdir(), "tracewell-e2e-"));
  // Settings of the developer's shell must not reach the process.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TRACEWELL_|OTEL_)/.test(name)));
  const children: ChildProcess[] = [];
  const start = ({ process: child, ready }: Starting): Starting["ready"] => {
    children.push(child);
    return ready;
  };
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  };
  let addresses: { ui: string; otlpHttp: string };
  try {
    addresses = await start(isDev ? startPreview({ ...env, TRACEWELL_DEV_EMPTY: "1" }) : startBinary(directory, env, flags));
    if (process.env.TRACEWELL_E2E === "disk") addresses.ui = (await start(startPreview({ ...env, TRACEWELL_URL: addresses.ui }))).ui;
  } catch (error) {
    for (const child of children) child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const { ui, otlpHttp } = addresses;
  const shown: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const post = async (type: string, body: BodyInit): Promise<void> => {
    const response = await fetch(`${otlpHttp}/v1/traces`, { method: "POST", headers: { ...shown, "content-type": type }, body });
    if (!response.ok) throw new Error(`the server refused spans: ${response.status} ${await response.text()}`);
  };
  return {
    ui,
    otlpHttp,
    isDev,
    send: (request) => post("application/json", JSON.stringify(request)),
    sendProtobuf: (request) => post("application/x-protobuf", new Uint8Array(request)),
    async waitForTraces(count) {
      const deadline = Date.now() + VISIBLE_MS;
      let found = 0;
      while (Date.now() < deadline) {
        const answer = await (await fetch(`${ui}/api/ui/search?limit=1000&from=1980-01-01T00:00:00Z`, { headers: shown })).text();
        found = answer.split("\n").filter((line) => line.startsWith('{"type":"trace"')).length;
        if (found >= count) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`${found} of ${count} traces are visible after ${VISIBLE_MS} ms`);
    },
    stop,
  };
}

interface Starting {
  process: ChildProcess;
  ready: Promise<{ ui: string; otlpHttp: string }>;
}

function startBinary(directory: string, env: NodeJS.ProcessEnv, flags: string[]): Starting {
  const binary = process.env.TRACEWELL_BIN ?? new URL("../../target/debug/tracewell", import.meta.url).pathname;
  if (!existsSync(binary)) throw new Error(`no Tracewell at ${binary}: build it or set TRACEWELL_BIN`);
  const legacy = ["jaeger-grpc", "jaeger-http", "jaeger-compact", "jaeger-binary", "jaeger-zipkin", "zipkin", "sampling-http", "sampling-grpc", "tempo"];
  const off = legacy.flatMap((name) => [`--${name}-port`, "off"]);
  const ports = ["--otlp-grpc-port", "--otlp-http-port", "--query-http-port", "--query-grpc-port"].flatMap((flag) => [flag, "0"]).concat(off);
  const child = spawn(binary, ["--data-dir", join(directory, "data"), ...ports, ...flags], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ready = lineOf(child, /^ready .*\botlp-http=(\S+).*\bquery-http=(\S+)/m);
  return { process: child, ready: ready.then(([, otlp, query]) => ({ ui: `http://${query}`, otlpHttp: `http://${otlp}` })) };
}

function startPreview(env: NodeJS.ProcessEnv): Starting {
  const vite = new URL("../node_modules/vite/bin/vite.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [vite, "preview", "--port", "0", "--host", "127.0.0.1"], {
    cwd: new URL("..", import.meta.url).pathname,
    env: { ...env, NO_COLOR: "1", FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ready = lineOf(child, /(http:\/\/127\.0\.0\.1:\d+)/);
  return { process: child, ready: ready.then(([, url]) => ({ ui: url!, otlpHttp: url! })) };
}

/** The first match in what the process prints. */
function lineOf(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string): void => reject(new Error(`the server ${why}; it said:\n${output}`));
    const timer = setTimeout(() => fail(`was not ready after ${START_MS} ms`), START_MS);
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const match = pattern.exec(output);
      if (match === null) return;
      clearTimeout(timer);
      resolve(match);
    };
    child.stdout!.on("data", read);
    child.stderr!.on("data", read);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`ended with ${code}`));
  });
}

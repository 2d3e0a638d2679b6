//! What to offer at the caret of the query bar: fixed words from the grammar, names and values from
//! the server's catalogue. Answers are remembered for a short while.

import { type Among, keys, services, values } from "../api/endpoints";
import { catalogueKey, type CompletionContext } from "../query/completion";
import { FIXED_VALUES, INTRINSICS, NUMBERS, type Offer } from "../query/grammar";
import { typedLiteral } from "../query/literal";
import { attributeField, quote } from "../query/tokens";

export type Suggestion = Offer;

const MAX_SUGGESTIONS = 18;

/** All that may stand at the caret; not yet narrowed by what is typed. */
export async function loadSuggestions(context: CompletionContext, range: Among): Promise<Suggestion[]> {
  switch (context.expects) {
    case "start":
      return openings(context.prefix, range);
    case "words":
      return [...context.words];
    case "field":
      return fields(context, range);
    case "number":
      return (await fields(context, range)).filter(({ label, note }) => NUMBERS.includes(label) || note === "int" || note === "double");
    case "value":
      return valuesOf(context.field!, context.prefix, range);
  }
}

/** What of it goes on from what is typed. What is typed in full already is no suggestion. */
export function narrow(list: Suggestion[], { prefix }: CompletionContext): Suggestion[] {
  const needle = prefix.toLowerCase();
  return list.filter(({ label }) => label.toLowerCase().includes(needle) && label !== prefix).slice(0, MAX_SUGGESTIONS);
}

const textOf = ({ service = "", from, to }: Among): string => JSON.stringify([service, from, to]);

const make = (label: string, insert: string, note?: string): Suggestion => ({ label, insert, note });

const OPENINGS: Suggestion[] = [
  { label: '{ resource.service.name = "…" }', insert: "{ resource.service.name =  }", caretBack: 2 },
  { label: "{ error }", insert: "{ error }", note: "whatever failed" },
  { label: "{ duration > 500ms }", insert: "{ duration > 500ms }" },
  { label: '{ name = "…" }', insert: "{ name =  }", caretBack: 2 },
  { label: "{ } | rate() by (…)", insert: "{ } | rate() by ()", caretBack: 1, note: "figures over time" },
  { label: "{ … }", insert: "{  }", caretBack: 2 },
];

/** Before there is a query: what begins one, and services and attributes that have the words in their name. */
async function openings(prefix: string, among: Among): Promise<Suggestion[]> {
  if (prefix === "") return OPENINGS;
  const [named, known] = await Promise.all([
    remembered(`services ${textOf(among)}`, () => services({ from: among.from, to: among.to })),
    remembered(`keys ${prefix} ${textOf(among)}`, () => keys(prefix, among)),
  ]);
  return [
    ...named.map(({ name }) => ({ label: name, note: "service", insert: `{ resource.service.name = ${quote(name)} }` })),
    ...known.map(({ scope, key }) => ({ label: attributeField(scope, key), note: "attribute", insert: `{ ${attributeField(scope, key)} =  }`, caretBack: 2 })),
  ];
}

async function fields({ prefix }: CompletionContext, among: Among): Promise<Suggestion[]> {
  const name = prefix.replace(/^(span|resource|event|link|instrumentation)?\./, "");
  const found = await remembered(`keys ${name} ${textOf(among)}`, () => keys(name, among));
  const known = found.map(({ scope, key, type }) => {
    const field = attributeField(scope, key);
    return make(field, `${field} `, type);
  });
  const service = make("resource.service.name", "resource.service.name ", "service");
  const intrinsics = INTRINSICS.map(({ name: intrinsic, hint }) => make(intrinsic, `${intrinsic} `, hint));
  const rest = known.filter(({ label }) => label !== service.label);
  return prefix === "" ? [service, ...intrinsics, ...rest] : [...[service, ...intrinsics].filter(({ label }) => label.startsWith(prefix)), ...rest];
}

async function valuesOf(field: string, prefix: string, among: Among): Promise<Suggestion[]> {
  const fixed = FIXED_VALUES[field];
  if (fixed !== undefined) return fixed.map((value) => make(value, `${value} `));
  const { scope, key } = catalogueKey(field);
  if (key === "service.name") {
    const found = await remembered(`services ${textOf(among)}`, () => services({ from: among.from, to: among.to }));
    return found.map(({ name, spanCount }) => make(name, `${quote(name)} `, `${spanCount} spans`));
  }
  const found = await remembered(`values ${scope} ${key} ${prefix} ${textOf(among)}`, () => values(scope, key, prefix, among));
  return found.map(({ type, value, count }) => make(String(value), `${typedLiteral(type, value)} `, String(count)));
}

const REMEMBER_MS = 15_000;
const memory = new Map<string, { at: number; answer: Promise<unknown> }>();

/** Shared by all who ask, so that nobody may cancel it for the others. */
function remembered<T>(key: string, load: () => Promise<T>): Promise<T> {
  const hit = memory.get(key);
  if (hit !== undefined && Date.now() - hit.at < REMEMBER_MS) return hit.answer as Promise<T>;
  const answer = load();
  if (memory.size > 200) memory.clear();
  memory.set(key, { at: Date.now(), answer });
  answer.catch(() => memory.delete(key));
  return answer;
}

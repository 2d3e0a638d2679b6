//! Splits TraceQL text into tokens for colouring, chips and completion. The server remains the only
//! parser of record; this never says whether a query is right.

export type TokenKind = "space" | "brace" | "paren" | "join" | "op" | "string" | "number" | "word" | "pipe" | "other";

export interface Token {
  kind: TokenKind;
  from: number;
  to: number;
  text: string;
}

const PATTERNS: [TokenKind, RegExp][] = [
  ["space", /\s+/y],
  ["brace", /[{}]/y],
  ["paren", /[()]/y],
  ["join", /&&|\|\|/y],
  ["op", /!=|!~|=~|>=|<=|>>|<<|[=<>~!+\-*/%^,]/y],
  ["pipe", /\|/y],
  // An unfinished string runs to the end of the text.
  ["string", /"(?:[^"\\]|\\.)*(?:"|$)|`[^`]*(?:`|$)/y],
  ["number", /(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+(?![\w.])|\d+(?:\.\d+)?(?![\w.])/y],
  ["word", /(?:[^\s{}()=~!<>&|^,"`]+(?:"(?:[^"\\]|\\.)*(?:"|$))?)+/y],
];

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let from = 0;
  while (from < text.length) {
    let kind: TokenKind = "other";
    let to = from + 1;
    for (const [candidate, pattern] of PATTERNS) {
      pattern.lastIndex = from;
      const match = pattern.exec(text);
      if (match !== null) {
        kind = candidate;
        to = from + match[0].length;
        break;
      }
    }
    tokens.push({ kind, from, to, text: text.slice(from, to) });
    from = to;
  }
  return tokens;
}

/** A string literal as TraceQL writes it. */
export const quote = (value: string): string => JSON.stringify(value);

/** The text in a string literal, or the literal itself when it is of another type. */
export function unquote(literal: string): string {
  if (literal.startsWith("`")) return literal.slice(1, literal.endsWith("`") ? -1 : undefined);
  if (!literal.startsWith('"')) return literal;
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal.slice(1, literal.length > 1 && literal.endsWith('"') ? -1 : undefined);
  }
}

/** An attribute reference; keys with unusual characters need quotes. */
export function attributeField(scope: "span" | "resource" | "event" | "link" | "scope" | "", key: string): string {
  const prefix = scope === "scope" ? "instrumentation" : scope;
  return /^[\w.\-/:@]+$/.test(key) ? `${prefix}.${key}` : `${prefix}.${quote(key)}`;
}

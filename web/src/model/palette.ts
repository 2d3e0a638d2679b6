//! Which colour a service gets: by a hash of its name, so that it is the same on every page and in
//! every trace, moved on to the next free colour when two services of one trace would share one.
//! The colours themselves are tokens (`--svc-0` …) so that themes can change them; none is red.

/** Colours that a service has by its name. */
const BASE_SIZE = 16;
/** With a darker and a lighter one of each, for traces of many services. */
export const PALETTE_SIZE = 48;

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 15;
  return h >>> 0;
}

/** Index of the colour of one service on its own. */
export const colourOf = (service: string): number => hash(service) % BASE_SIZE;

/** One colour index per service, distinct as long as there are enough colours. */
export function assignColours(services: readonly string[]): number[] {
  const taken = new Set<number>();
  const result = new Map<string, number>();
  for (const service of [...new Set(services)].sort()) {
    let colour = colourOf(service);
    // The sixteen first: they are the farthest from one another.
    const among = taken.size < BASE_SIZE ? BASE_SIZE : PALETTE_SIZE;
    if (taken.size < PALETTE_SIZE) while (taken.has(colour)) colour = (colour + 1) % among;
    taken.add(colour);
    result.set(service, colour);
  }
  return services.map((service) => result.get(service)!);
}

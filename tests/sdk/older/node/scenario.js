// What every program here tells the same story with: names, times, the answer.
//
// Times are multiples of 1/64 s after a whole second, which every client's
// unit (seconds or milliseconds as floats, µs, ns) holds exactly.
"use strict";

const SECOND_US = Number(process.env.START_S) * 1_000_000;
const TICK_US = 1_000_000 / 64;

/** The time `tick` 64ths of a second after the start. */
const us = (tick) => SECOND_US + tick * TICK_US;
const ms = (tick) => us(tick) / 1000;

/** Prints the ids of what was sent, by the story's name of each span. */
const said = (trace, spans) => console.log(JSON.stringify({ trace, spans }));

module.exports = {
  SHOP: process.env.SHOP,
  STOCK: process.env.STOCK,
  TARGET: process.env.TARGET,
  us,
  ms,
  said,
};

/** Values of options, read from text. What cannot be read is refused by the parser of the command line, by name. */

import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { parseDuration } from "../protocol/duration.ts";
import { errorText } from "../protocol/error-value.ts";
import { StepwellError } from "../protocol/errors.ts";
import { webUrl } from "./settings.ts";

export function port(text: string): number {
  return wholeNumber(text, 0, 65_535);
}

export function count(text: string): number {
  return wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError("Not a number of seconds.");
  }
  return value;
}

/** A number greater than 0, such as runs per second. */
export function rate(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("Not a rate.");
  return value;
}

/** A duration as people write it: `30s`, `5m`. It travels as it is. */
export function duration(text: string): string {
  if (parseDuration(text) === null) throw new InvalidArgumentError("Not a duration such as 30s or 5m.");
  return text;
}

/** Unix milliseconds, or a date that can be read. */
export function moment(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError("Neither Unix milliseconds nor an ISO 8601 date.");
  return value;
}

/** For options that may be repeated. */
export function list(text: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, text];
}

/** An address, with or without `http://`. */
export function appUrl(text: string, earlier: readonly string[]): readonly string[] {
  const url = webUrl(text);
  if (url === null) throw new InvalidArgumentError("Not a URL.");
  return [...earlier, url];
}

/** A JSON object, such as the data of an event. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`Not JSON: ${errorText(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError("Not a JSON object.");
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Any JSON value, for example an argument of a command. */
export function jsonValue(where: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = `not JSON: ${errorText(error)}`;
    throw new StepwellError("option_invalid", { where, reason });
  }
}

/** The text of a file, or of the standard input for `-`. */
export function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new InvalidArgumentError(errorText(error));
  }
}

function wholeNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER ? `Not a whole number from ${min}.` : `Not a whole number from ${min} to ${max}.`,
    );
  }
  return value;
}

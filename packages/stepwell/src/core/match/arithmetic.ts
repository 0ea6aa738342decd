/**
 * `+ - * / %` and unary minus of the expression language.
 *
 * Two integers give an integer (division cuts towards zero, overflow fails); as soon as a double takes part, which
 * every number from JSON is, the result is a double. An absent side (missing or null) makes the result missing,
 * except for `+`, which then gives the other side. `+` with a text on either side joins texts.
 */

import { Duration, Timestamp, timestampOf } from "./time.ts";
import {
  type Budget,
  checkedInt,
  fail,
  isAbsent,
  isNumeric,
  spend,
  TEXT_LENGTH_MAX,
  textOf,
  typeNameOf,
  type Value,
} from "./value.ts";

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

export function add(left: Value, right: Value, budget: Budget): Value {
  if (isAbsent(left)) return right ?? undefined;
  if (isAbsent(right)) return left;
  if (isNumeric(left) && isNumeric(right)) {
    return typeof left === "bigint" && typeof right === "bigint"
      ? checkedInt(left + right)
      : Number(left) + Number(right);
  }
  if (typeof left === "string" || typeof right === "string") {
    const text = textOf(left) + textOf(right);
    return text.length > TEXT_LENGTH_MAX ? fail("a text became too long") : text;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    spend(budget, left.length + right.length);
    return [...left, ...right];
  }
  return addTimes(left, right) ?? noOperator("+", left, right);
}

function addTimes(left: Value, right: Value): Value {
  if (left instanceof Duration && right instanceof Duration) return new Duration(left.ms + right.ms);
  if (left instanceof Timestamp && right instanceof Duration) return inRange(left.ms + right.ms);
  if (left instanceof Duration && right instanceof Timestamp) return inRange(left.ms + right.ms);
  return undefined;
}

export function subtract(left: Value, right: Value): Value {
  if (isAbsent(left) || isAbsent(right)) return undefined;
  if (isNumeric(left) && isNumeric(right)) return calculate("-", left, right);
  if (left instanceof Timestamp && right instanceof Timestamp) return new Duration(left.ms - right.ms);
  if (left instanceof Timestamp && right instanceof Duration) return inRange(left.ms - right.ms);
  if (left instanceof Duration && right instanceof Duration) return new Duration(left.ms - right.ms);
  return noOperator("-", left, right);
}

export function multiply(operator: "*" | "/" | "%", left: Value, right: Value): Value {
  if (isAbsent(left) || isAbsent(right)) return undefined;
  return isNumeric(left) && isNumeric(right) ? calculate(operator, left, right) : noOperator(operator, left, right);
}

export function negate(value: Value): Value {
  if (isAbsent(value)) return undefined;
  if (typeof value === "bigint") return checkedInt(-value);
  if (typeof value === "number") return -value;
  return value instanceof Duration ? new Duration(-value.ms) : fail(`- does not take a ${typeNameOf(value)}`);
}

function calculate(operator: ArithmeticOperator, left: number | bigint, right: number | bigint): number | bigint {
  if (typeof left === "bigint" && typeof right === "bigint") return calculateInts(operator, left, right);
  const [a, b] = [Number(left), Number(right)];
  if (operator === "-") return a - b;
  if (operator === "*") return a * b;
  return operator === "/" ? a / b : a % b;
}

function calculateInts(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  if (operator === "-") return checkedInt(left - right);
  if (operator === "*") return checkedInt(left * right);
  if (right === 0n) return fail("division by zero");
  return operator === "/" ? checkedInt(left / right) : left % right;
}

function inRange(ms: number): Timestamp {
  return timestampOf(ms) ?? fail("a time is out of range");
}

function noOperator(operator: string, left: Value, right: Value): never {
  return fail(`${operator} does not take ${typeNameOf(left)} and ${typeNameOf(right)}`);
}

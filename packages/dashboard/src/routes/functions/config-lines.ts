/** A function's configuration in words: one line for each option that is set. */

export interface ConfigLine {
  readonly option: string;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function configLines(config: Fields, retries: number): ConfigLine[] {
  const lines: ConfigLine[] = [
    { option: "Retries", text: retries === 0 ? "none" : `${retries} after the first attempt` },
  ];
  const add = (option: string, text: string | null) => {
    if (text !== null) lines.push({ option, text });
  };
  for (const text of concurrencyTexts(config["concurrency"])) add("Concurrency", text);
  add("Throttle", perPeriod(config["throttle"], "starts"));
  add("Rate limit", perPeriod(config["rateLimit"], "starts", "; the rest is dropped"));
  add(
    "Debounce",
    withFields(config["debounce"], ({ period, timeout }) => {
      return `waits for ${String(period)} without events${timeout === undefined ? "" : `, ${String(timeout)} at most`}`;
    }),
  );
  add(
    "Batch",
    withFields(
      config["batchEvents"],
      ({ maxSize, timeout }) => `up to ${String(maxSize)} events, or ${String(timeout)}`,
    ),
  );
  add(
    "Priority",
    withFields(config["priority"], ({ run }) => (run === undefined ? null : String(run))),
  );
  add(
    "Singleton",
    withFields(
      config["singleton"],
      ({ mode }) => `one at a time; a second one is ${mode === "cancel" ? "started instead" : "skipped"}`,
    ),
  );
  if (typeof config["idempotency"] === "string") add("Idempotency", `once in 24 h for each ${config["idempotency"]}`);
  for (const text of cancelTexts(config["cancel"])) add("Cancelled by", text);
  add("Timeouts", withFields(config["timeouts"], timeoutText));
  return lines;
}

function withFields(value: unknown, tell: (fields: Fields) => string | null): string | null {
  if (!isFields(value)) return null;
  const text = tell(value);
  return text === null ? null : text + keyText(value);
}

const keyText = ({ key }: Fields) => (typeof key === "string" ? `, for each ${key}` : "");

function perPeriod(value: unknown, noun: string, rest = ""): string | null {
  return withFields(value, ({ limit, period, burst }) => {
    return `${String(limit)} ${noun} in ${String(period)}${typeof burst === "number" && burst > 0 ? `, bursts of ${burst}` : ""}${rest}`;
  });
}

function concurrencyTexts(value: unknown): string[] {
  if (!isFields(value)) return [];
  const rules = (name: string, noun: string) =>
    (Array.isArray(value[name]) ? (value[name] as unknown[]) : []).filter(isFields).map((rule) => {
      const scope = rule["scope"] === "env" || rule["scope"] === "account" ? ` in the whole ${rule["scope"]}` : "";
      return `${String(rule["limit"])} ${rule["limit"] === 1 ? noun.slice(0, -1) : noun} at once${keyText(rule)}${scope}`;
    });
  return [...rules("step", "steps"), ...rules("fn", "runs")];
}

function cancelTexts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isFields).map(({ event, if: condition, timeout }) => {
    const within = timeout === undefined ? "" : `, within ${String(timeout)}`;
    return `${String(event)}${condition === undefined ? "" : ` if ${String(condition)}`}${within}`;
  });
}

function timeoutText({ start, finish }: Fields): string | null {
  const parts = [
    ...(start === undefined ? [] : [`starts within ${String(start)}`]),
    ...(finish === undefined ? [] : [`ends within ${String(finish)}`]),
  ];
  return parts.length === 0 ? null : parts.join(", ");
}

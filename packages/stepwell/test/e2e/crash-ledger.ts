/** What the crash test knows from the app and from the API, and what must hold between the two. */
import { readFileSync } from "node:fs";

export interface LedgerLine {
  /** A body ran and made this value, or a handler got it from its step. */
  readonly kind: "executed" | "seen";
  readonly key: string;
  readonly step: string;
  readonly value: string;
}

/** An event whose answer the sender got. */
export interface Sent {
  readonly id: string;
  readonly name: string;
  readonly key: string;
}

export interface EndedRun {
  readonly id: string;
  readonly status: string;
  readonly output: Readonly<Record<string, string>>;
  /** The values recorded for its steps. */
  readonly steps: ReadonlyMap<string, unknown>;
}

export class Ledger {
  readonly #executed = new Map<string, Set<string>>();
  readonly #seen = new Map<string, Set<string>>();
  bodies = 0;

  constructor(path: string) {
    for (const text of readFileSync(path, "utf8").split("\n")) {
      if (text !== "") this.#add(JSON.parse(text) as LedgerLine);
    }
  }

  #add({ kind, key, step, value }: LedgerLine): void {
    const lines = kind === "executed" ? this.#executed : this.#seen;
    const place = `${key} ${step}`;
    lines.set(place, (lines.get(place) ?? new Set()).add(value));
    if (kind === "executed") this.bodies += 1;
  }

  /** Bodies that ran more than once, as they may after a crash. */
  get repeated(): number {
    return this.bodies - this.#executed.size;
  }

  /** Everything wrong with a run, as sentences. */
  problemsOf({ name, key, id }: Sent, runs: readonly EndedRun[]): string[] {
    const [run] = runs;
    if (run === undefined || runs.length > 1) return [`${name} ${key} (${id}) has ${runs.length} runs`];
    if (run.status !== "Completed") return [`${name} ${key}: run ${run.id} is ${run.status}`];
    const steps = Object.keys(run.output).filter((step) => step !== "child");
    return steps.flatMap((step) => this.#problemsOfStep(`${name} ${key} step "${step}"`, `${key} ${step}`, run, step));
  }

  #problemsOfStep(what: string, place: string, run: EndedRun, step: string): string[] {
    const problems: string[] = [];
    const recorded = run.steps.get(step);
    const value = run.output[step] ?? "";
    const seen = [...(this.#seen.get(place) ?? [])];
    if (recorded !== value) problems.push(`${what}: recorded ${String(recorded)}, but the run returned ${value}`);
    if (!this.#executed.get(place)?.has(value)) problems.push(`${what}: nobody computed ${value}`);
    if (seen.length !== 1 || seen[0] !== value) problems.push(`${what}: handlers saw ${seen.join(", ")}`);
    return problems;
  }
}

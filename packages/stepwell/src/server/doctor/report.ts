/** Findings by kind: how many, and a few of them. What is told of a store, whatever its size. */
import { FINDINGS, type Finding, type FindingCode } from "../../store/integrity.ts";

export interface FindingGroup {
  readonly code: FindingCode;
  readonly title: string;
  readonly isNote: boolean;
  readonly count: number;
  readonly examples: readonly string[];
  /** What mends them, by action; empty: nothing does, or nothing has to. */
  readonly repairs: Readonly<Record<string, number>>;
}

export interface DoctorReport {
  /** True: nothing is damaged. Notes do not count. */
  readonly isHealthy: boolean;
  readonly looked: Readonly<Record<string, number>>;
  readonly findings: readonly FindingGroup[];
}

const EXAMPLES_MAX = 5;

export class ReportBuilder {
  readonly #groups = new Map<FindingCode, { count: number; examples: string[]; repairs: Record<string, number> }>();
  readonly #looked: Record<string, number> = {};

  looked(what: string, rows: number): void {
    this.#looked[what] = (this.#looked[what] ?? 0) + rows;
  }

  add({ code, what, repair }: Finding): void {
    let group = this.#groups.get(code);
    if (group === undefined) {
      group = { count: 0, examples: [], repairs: {} };
      this.#groups.set(code, group);
    }
    group.count++;
    if (group.examples.length < EXAMPLES_MAX) group.examples.push(what);
    if (repair !== null) group.repairs[repair.action] = (group.repairs[repair.action] ?? 0) + 1;
  }

  build(): DoctorReport {
    const findings = [...this.#groups].map(([code, group]) => ({ code, ...FINDINGS[code], ...group }));
    findings.sort((left, right) => Number(left.isNote) - Number(right.isNote) || right.count - left.count);
    return { isHealthy: findings.every(({ isNote }) => isNote), looked: this.#looked, findings };
  }
}

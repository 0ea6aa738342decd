/**
 * How builds are broken on purpose: a rule that nobody watches lets its mutant live. Whatever a test changed is put right
 * again after it.
 */
import { afterEach, vi } from "vitest";
import { runSeed } from "./run-seed.ts";
import type { Mutation } from "./world.ts";

export const MUTANT_MS_MAX = 60_000;

/**
 * The rule that the mutant breaks, in the first seed that shows it. `hint`: a seed that is known to show it is tried first;
 * a change of what is drawn makes it an ordinary world, and costs nothing but time.
 */
export async function ruleBrokenBy(
  mutation: Mutation,
  seedsMax: number,
  run = runSeed,
  hint: number | null = null,
): Promise<string> {
  const seeds = Array.from({ length: seedsMax }, (_, index) => index + 1);
  for (const seed of hint === null ? seeds : [hint, ...seeds]) {
    const { problem } = await run(seed, mutation);
    if (problem !== null) return problem.rule;
  }
  return `none in ${seedsMax} seeds`;
}

/** Replaces a method until the test ends. */
export function patch<Of extends object, Name extends keyof Of & string>(
  owner: { readonly prototype: Of },
  name: Name,
  make: (original: Of[Name]) => Of[Name],
): void {
  const original = owner.prototype[name];
  owner.prototype[name] = make(original);
  restores.push(() => {
    owner.prototype[name] = original;
  });
}

const restores: (() => void)[] = [];

/** The simulator over a build in which a module is replaced. */
export async function simulatorWith(
  path: string,
  make: (original: Record<string, unknown>) => Record<string, unknown>,
) {
  vi.resetModules();
  vi.doMock(path, async (load) => {
    const original = await load<Record<string, unknown>>();
    return { ...original, ...make(original) };
  });
  restores.push(() => {
    vi.doUnmock(path);
    vi.resetModules();
  });
  return (await import("./run-seed.ts")).runSeed;
}

afterEach(() => {
  for (const restore of restores.splice(0)) restore();
});

/** True every `n`-th time, counted over all seeds of a test. */
export function every(n: number): () => boolean {
  let count = 0;
  return () => ++count % n === 0;
}

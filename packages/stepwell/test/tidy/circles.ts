/**
 * Circles of imports: files that need each other, so that none of them can be read, moved or tested alone. A circle of types
 * counts like any other. What is loaded lazily does not: it is there so that a file need not load the other.
 */
import type { Source } from "./sources.ts";

/** Circles that stay, each with its reason; its files with commas between. */
const KNOWN: ReadonlySet<string> = new Set([
  // The catalogue of errors tells the class its texts, and the class is typed by the codes of the catalogue.
  "packages/stepwell/src/protocol/coded-error.ts, packages/stepwell/src/protocol/errors.ts",
]);

/** Every circle of these sources, as sentences. */
export function circleProblems(sources: readonly Source[], known: ReadonlySet<string> = KNOWN): string[] {
  const circles = circlesOf(new Map(sources.filter(isProduct).map((one) => [one.path, targetsOf(one)])));
  const found = circles.map((circle) => [...circle].sort().join(", "));
  const gone = [...known].filter((circle) => !found.includes(circle));
  return [
    ...found.filter((circle) => !known.has(circle)).map((circle) => `these import each other in a circle: ${circle}`),
    ...gone.map((circle) => `this circle is gone; take it out of test/tidy/circles.ts: ${circle}`),
  ];
}

const isProduct = ({ path, isTest }: Source): boolean => !isTest && path.includes("/src/");

const targetsOf = ({ imports }: Source): string[] =>
  imports.flatMap(({ target, isLazy }) => (target === undefined || isLazy ? [] : [target]));

/** Sets of more than one file that reach each other (Tarjan). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const place = order.size;
    order.set(file, place);
    lowest.set(file, place);
    open.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue;
      const reached = order.has(target) ? (open.includes(target) ? order.get(target)! : place) : visit(target);
      lowest.set(file, Math.min(lowest.get(file)!, reached));
    }
    if (lowest.get(file) === place) {
      const circle = open.splice(open.indexOf(file));
      if (circle.length > 1) circles.push(circle);
    }
    return lowest.get(file)!;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}

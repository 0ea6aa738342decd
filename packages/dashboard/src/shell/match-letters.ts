/** Finding by a few letters: they have to appear in their order; beginnings of words and unbroken stretches count most. */

/** Those that fit, the best ones first; all of them, in their order, when nothing is typed. */
export function ranked<Item>(items: readonly Item[], textOf: (item: Item) => string, typed: string): Item[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return [...items];
  return items
    .map((item, index) => ({ item, index, score: scoreOf(textOf(item).toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map(({ item }) => item);
}

/** 0: the letters are not in it. */
function scoreOf(text: string, wanted: string): number {
  const at = text.indexOf(wanted);
  if (at === 0) return 1_000 - text.length;
  if (at > 0) return (isBeginning(text, at) ? 800 : 600) - text.length;
  let score = 0;
  let from = 0;
  for (const letter of wanted) {
    if (letter === " ") continue;
    const found = text.indexOf(letter, from);
    if (found < 0) return 0;
    score += found === from || isBeginning(text, found) ? 4 : 1;
    from = found + 1;
  }
  return score;
}

const isBeginning = (text: string, at: number) => at === 0 || /[^a-z0-9]/.test(text[at - 1]!);

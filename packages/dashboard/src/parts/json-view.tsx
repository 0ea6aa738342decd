/** A value as coloured JSON. Everything is text; what is too long is cut, and copied whole. */
import { useMemo, useState } from "react";
import { jsonText, piecesOf, SHOWN_CHARS_MAX } from "../words/json-text.ts";
import { Button } from "./button.tsx";
import { CopyButton } from "./copy.tsx";
import { ScrollRegion } from "./scroll-region.tsx";

interface JsonBlockProps {
  readonly title: string;
  readonly value: unknown;
}

export function JsonBlock({ title, value }: JsonBlockProps) {
  return (
    <section className="block">
      <div className="block-head">
        <h3>{title}</h3>
        <CopyButton text={() => jsonText(value)} what={title.toLowerCase()} />
      </div>
      <JsonView value={value} label={title} />
    </section>
  );
}

export function JsonView({ value, label }: { readonly value: unknown; readonly label: string }) {
  const [isWhole, setWhole] = useState(false);
  const text = useMemo(() => jsonText(value), [value]);
  const isLong = text.length > SHOWN_CHARS_MAX;
  const shown = isLong && !isWhole ? text.slice(0, SHOWN_CHARS_MAX) : text;
  // Colouring makes an element per word: a value this long is shown plain.
  const pieces = useMemo(() => (isLong ? null : piecesOf(shown)), [isLong, shown]);
  return (
    <>
      <ScrollRegion label={label} className="json">
        <pre>
          {pieces === null
            ? shown
            : pieces.map(({ kind, text: part }, index) =>
                kind === "plain" ? (
                  part
                ) : (
                  // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name, and never move.
                  <span key={index} className={kind}>
                    {part}
                  </span>
                ),
              )}
        </pre>
      </ScrollRegion>
      {isLong && !isWhole && (
        <div className="row small soft">
          {`${SHOWN_CHARS_MAX.toLocaleString("en")} of ${text.length.toLocaleString("en")} characters.`}
          <Button size="small" onClick={() => setWhole(true)}>
            Show all
          </Button>
        </div>
      )}
    </>
  );
}

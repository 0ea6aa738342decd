/** An error: its message, its stack, and what caused it. */
import { type ErrorFacts, errorFacts } from "../words/error-text.ts";
import { CopyButton } from "./copy.tsx";
import { JsonView } from "./json-view.tsx";
import { ScrollRegion } from "./scroll-region.tsx";

export function ErrorBlock({ title = "Error", error }: { readonly title?: string; readonly error: unknown }) {
  const facts = errorFacts(error);
  if (facts === null) return null;
  return (
    <section className="block">
      <div className="block-head">
        <h3>{title}</h3>
        <CopyButton text={() => copyOf(facts)} what="the error" />
      </div>
      <ErrorFactsView facts={facts} />
    </section>
  );
}

function ErrorFactsView({ facts }: { readonly facts: ErrorFacts }) {
  const { name, message, stack, cause, rest } = facts;
  return (
    <div className="stack">
      <div className="note tone-bad">
        <div>
          <strong>{name}</strong>
          {message !== "" && <div className="wrap error-message">{message}</div>}
        </div>
      </div>
      {stack !== null && (
        <details className="stack-trace">
          <summary>Stack</summary>
          <ScrollRegion label="Stack" className="json">
            <pre>{stack}</pre>
          </ScrollRegion>
        </details>
      )}
      {rest !== null && <JsonView value={rest} label="More about the error" />}
      {cause !== null && (
        <div className="cause">
          <p className="soft small">Caused by</p>
          <ErrorFactsView facts={cause} />
        </div>
      )}
    </div>
  );
}

function copyOf({ name, message, stack, cause }: ErrorFacts): string {
  const own = stack ?? `${name}: ${message}`;
  return cause === null ? own : `${own}\ncaused by ${copyOf(cause)}`;
}

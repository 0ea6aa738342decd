/** The way in: what to put where, for each framework, ready to copy; and what happens then. */
import { useQuery } from "@tanstack/react-query";
import { Check, Plug } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { sessionQuery } from "../../api/access.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { ScrollRegion } from "../../parts/scroll-region.tsx";
import { ask } from "../../shell/ask.ts";
import { FRAMEWORKS, type FrameworkName, functionCode, settingsCode } from "./framework-code.ts";

const NAMES = Object.keys(FRAMEWORKS) as FrameworkName[];

export function ConnectGuide() {
  const [name, setName] = useState<FrameworkName>("Express");
  const needsKeys = useQuery(sessionQuery).data?.login === "required";
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = NAMES[(NAMES.indexOf(name) + step + NAMES.length) % NAMES.length]!;
    setName(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section className="card guide" aria-label="Connect an app">
      <header>
        <Plug size={18} aria-hidden />
        <h2>Connect your app</h2>
        {!needsKeys && (
          <span className="live push small" data-state="open">
            Looking for apps on this machine
          </span>
        )}
      </header>
      <div className="body stack">
        <Code title="1. Write a function" file="functions.ts" code={functionCode(!needsKeys)} />
        <div className="chips" role="tablist" aria-label="Framework" onKeyDown={press}>
          {NAMES.map((one) => (
            <button
              key={one}
              id={`tab-${one}`}
              type="button"
              role="tab"
              className="chip"
              aria-selected={one === name}
              aria-controls="guide-code"
              tabIndex={one === name ? 0 : -1}
              onClick={() => setName(one)}
            >
              {one}
            </button>
          ))}
        </div>
        <div id="guide-code" role="tabpanel" aria-labelledby={`tab-${name}`}>
          <Code title="2. Serve it" file={FRAMEWORKS[name].file} code={FRAMEWORKS[name].code} />
        </div>
        {needsKeys && <Code title="3. Give it the keys" file="environment" code={settingsCode(location.origin)} />}
        <p>
          <Check size={16} className="inline-sign" aria-hidden />{" "}
          {needsKeys
            ? "Start your app, then tell this server where it is; this page changes at once:"
            : "Start your app. On a usual port it is found by itself, and this page changes at once; otherwise tell where it is:"}{" "}
          <DeedButton deed="syncApp" size="small" onClick={() => ask({ kind: "add-app" })}>
            Add an app
          </DeedButton>
        </p>
      </div>
    </section>
  );
}

interface CodeProps {
  readonly title: string;
  readonly file: string;
  readonly code: string;
}

function Code({ title, file, code }: CodeProps) {
  return (
    <div className="block">
      <div className="block-head">
        <h3>
          {title} <span className="tag">{file}</span>
        </h3>
        <CopyButton text={code} what={file} />
      </div>
      <ScrollRegion label={file} className="json code">
        <pre>{code}</pre>
      </ScrollRegion>
    </div>
  );
}

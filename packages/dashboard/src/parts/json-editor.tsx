/**
 * A field for JSON. The editor is loaded when the first one is shown; until then, and when that fails, a plain text field
 * does the same. The editor stands in a shadow root: there its styles are sheets, which the page's policy allows.
 */
import { useEffect, useRef, useState } from "react";

interface JsonEditorProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly problem?: string | null;
}

export function JsonEditor({ label, value, onChange, problem = null }: JsonEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const start = useRef({ value, onChange });
  const [isPlain, setPlain] = useState(false);
  useEffect(() => {
    start.current = { value, onChange };
  });
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    let isGone = false;
    let destroy = () => {};
    import("./code-editor.ts").then(
      ({ openEditor }) => {
        if (isGone) return;
        destroy = openEditor(element, label, start.current.value, (text) => start.current.onChange(text));
      },
      () => setPlain(true),
    );
    return () => {
      isGone = true;
      destroy();
    };
  }, [label]);
  return (
    <div className="block">
      {isPlain ? (
        <textarea
          className="input"
          aria-label={label}
          value={value}
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <div ref={host} className="editor" data-invalid={problem === null ? undefined : ""} />
      )}
      {problem !== null && (
        <p className="small wrap" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

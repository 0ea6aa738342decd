/** Fields that several settings have. */
import type { Scope } from "../../api/records.ts";

interface NameFieldProps {
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (text: string) => void;
}

export function NameField({ value, placeholder, onChange }: NameFieldProps) {
  return (
    <label className="field">
      <span>Name</span>
      <input
        className="input"
        value={value}
        maxLength={64}
        placeholder={placeholder}
        // biome-ignore lint/a11y/noAutofocus: the dialog was opened to write here.
        autoFocus
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

const SCOPES: Readonly<Record<Scope, string>> = {
  read: "See everything, change nothing.",
  operate: "Also send events, invoke, cancel, rerun, pause.",
  admin: "Also add and remove apps, and change these settings.",
};

export const SCOPE_NAMES = Object.keys(SCOPES) as Scope[];

export function ScopeField({ value, onChange }: { readonly value: Scope; readonly onChange: (scope: Scope) => void }) {
  return (
    <fieldset className="stack">
      <legend className="unseen">What may be done</legend>
      {SCOPE_NAMES.map((scope) => (
        <label key={scope} className="choice">
          <input type="radio" name="scope" checked={value === scope} onChange={() => onChange(scope)} />
          <span>
            <strong>{scope}</strong>
            <span className="soft small">{SCOPES[scope]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

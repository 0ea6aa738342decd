/** Fields of filters: a choice, a moment, and a text that is taken when typing rests. */
import { type KeyboardEvent, useEffect, useState } from "react";
import { minuteText } from "../words/time.ts";

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  /** What no choice means. */
  readonly all: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChoose: (value: string | undefined) => void;
}

export function Choice({ label, value, all, options, onChoose }: ChoiceProps) {
  const isKnown = value === undefined || options.some(([key]) => key === value);
  return (
    <label className="field">
      <span>{label}</span>
      <select
        className="input"
        value={value ?? ""}
        onChange={(event) => onChoose(event.target.value === "" ? undefined : event.target.value)}
      >
        <option value="">{all}</option>
        {!isKnown && <option value={value}>{value}</option>}
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface MomentProps {
  readonly label: string;
  /** RFC 3339. */
  readonly value: string | undefined;
  readonly onChange: (at: string | undefined) => void;
}

/** A time to the minute, in the time zone of the reader. */
export function Moment({ label, value, onChange }: MomentProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="input"
        type="datetime-local"
        value={value === undefined ? "" : minuteText(Date.parse(value)).replace(" ", "T")}
        onChange={({ target }) => onChange(target.value === "" ? undefined : new Date(target.value).toISOString())}
      />
    </label>
  );
}

interface TypedProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (text: string | undefined) => void;
  /** Enter was pressed; true: it was something else than a text to look for. */
  readonly onEnter?: (text: string) => boolean;
  /** It is code. */
  readonly isCode?: boolean;
  /** The id of a `datalist`. */
  readonly list?: string;
}

const TYPING_MS = 300;

export function Typed({ label, value, placeholder, onChange, onEnter, isCode = false, list }: TypedProps) {
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    setTyped(value);
  }, [value]);
  const take = (text: string) => onChange(text.trim() === "" ? undefined : text.trim());
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait.
  useEffect(() => {
    if (typed === value || isCode) return;
    const timer = setTimeout(() => take(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (onEnter?.(typed) !== true && typed !== value) take(typed);
  };
  return (
    <label className="field" data-grow="">
      <span>{label}</span>
      <input
        className={isCode ? "input mono" : "input"}
        type="search"
        list={list}
        value={typed}
        placeholder={placeholder}
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => typed !== value && take(typed)}
        onKeyDown={press}
      />
    </label>
  );
}

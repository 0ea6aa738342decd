/** A few choices side by side, of which one holds. */
import { useId } from "react";

interface ChoiceBarProps<Key extends string> {
  readonly label: string;
  readonly value: Key;
  readonly options: Readonly<Record<Key, { readonly label: string }>>;
  readonly onChoose: (key: Key) => void;
}

export function ChoiceBar<Key extends string>({ label, value, options, onChoose }: ChoiceBarProps<Key>) {
  const name = useId();
  return (
    <fieldset className="choice-bar">
      <legend className="unseen">{label}</legend>
      {(Object.keys(options) as Key[]).map((key) => (
        <label key={key}>
          <input type="radio" name={name} checked={key === value} onChange={() => onChoose(key)} />
          <span>{options[key].label}</span>
        </label>
      ))}
    </fieldset>
  );
}

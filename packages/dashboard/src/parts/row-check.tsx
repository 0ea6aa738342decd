/** The box with which a row is selected; with Shift, the stretch since the last one. */
interface RowCheckProps {
  readonly label: string;
  readonly isSelected: boolean;
  readonly toggle: (isRange: boolean) => void;
}

export function RowCheck({ label, isSelected, toggle }: RowCheckProps) {
  return (
    <label className="check above">
      <span className="unseen">{label}</span>
      <input
        type="checkbox"
        checked={isSelected}
        onChange={(event) => toggle((event.nativeEvent as MouseEvent).shiftKey)}
      />
    </label>
  );
}

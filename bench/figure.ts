/** One measured figure, preferably a ratio or a count: those compare across machines. */
export interface Figure {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly target: string; // as written for a reader: '<= 2.5'; '' where none is set
  readonly holds: boolean;
  readonly baseline: string; // what the value was measured against, in the same run
}

export type Emit = (figure: Figure) => void;

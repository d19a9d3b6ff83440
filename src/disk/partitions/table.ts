/** What a partition table says, in bytes, before it is held against the disk. */
import type { Reason } from '../../base/outcome.ts';

export interface Table {
  readonly kind: 'gpt' | 'mbr';
  /** undefined: there is a table, and no copy of it can be read. */
  readonly partitions: readonly Partition[] | undefined;
  readonly notices: readonly Reason[];
}

export interface Partition {
  readonly number: number;
  readonly label: string;
  readonly offset: number;
  readonly length: number;
  readonly isBootCode: boolean;
}

/** A delivered world in bytes, and one that is made of it anew. */
import type { RawSender, Session } from '../../src/app/api.ts';
import type { TestSim } from '../../src/sim/testing.ts';

export interface Baseline {
  readonly bytes: Buffer;
  readonly nowMs: number;
  readonly configFile: string;
  readonly key: string;
  readonly image: string;
  /** By account. */
  readonly subnets: Readonly<Record<string, string>>;
}

export interface Stand {
  readonly sim: TestSim;
  readonly session: Session;
  readonly builder: RawSender;
  readonly first: RawSender;
  readonly second: RawSender;
  readonly base: Baseline;
}

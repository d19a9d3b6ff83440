/**
 * How long things take, in ms of simulated time, unless a world file says otherwise.
 * Real durations vary and AWS promises none; copy model and grant lag follow
 * EBS User Guide "Copy an Amazon EBS snapshot" and KMS Developer Guide "Grants in AWS KMS" (up to five minutes).
 */
import type { Settings } from './world.ts';

export const DEFAULT_SETTINGS: Settings = {
  grantLagMs: 60_000,
  iamLagMs: 5_000,
  pendingMs: 5_000,
  copyFixedMs: 60_000,
  copyMiBPerSecond: 100,
  instancePendingMs: 5_000,
  ssmImageCheckMs: 3_000,
  autoScalingTickMs: 10_000,
  eventsMax: 100_000,
  snapshotCopiesMax: 20,
  imageCopiesMax: 300,
};

/** Those that a world file may set; the limits are the quotas' business. */
export const DECLARED_SETTINGS = (Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[]).filter(
  (key) => !key.endsWith('CopiesMax'),
);

/** Effects of `rehome`: a volume or snapshot under another key, at its old place. What is so already counts as done. */
import type { RehomedVolume } from '../model/encrypted.ts';

export type VolumeEffect =
  | { readonly do: 'stop-instance' | 'start-instance'; readonly instanceId: string }
  /** A snapshot, a new volume from it under the key, checked; then swapped. The old volume stays. */
  | ({ readonly do: 'rehome-volume' } & RehomedVolume)
  | {
      readonly do: 'rehome-snapshot';
      readonly snapshotId: string;
      readonly key: string;
      readonly tags: Readonly<Record<string, string>>;
    }
  | { readonly do: 'delete-volume'; readonly volumeId: string }
  | { readonly do: 'delete-snapshot'; readonly snapshotId: string };

const VOLUME_EFFECTS: ReadonlySet<string> = new Set<VolumeEffect['do']>([
  'stop-instance',
  'start-instance',
  'rehome-volume',
  'rehome-snapshot',
  'delete-volume',
  'delete-snapshot',
]);

export const isVolumeEffect = <T extends { readonly do: string }>(step: T): step is Extract<T, VolumeEffect> =>
  VOLUME_EFFECTS.has(step.do);

/**
 * A plan: a DAG of steps, each stating one effect wanted. Plain JSON: a plan can be printed, stored, compared.
 *
 * A value that only a run learns (the ARN of a key not made yet, the id of a copy) stands in the
 * arguments as a reference: `${key:eu-west-1}`, `${image:kubernetes:ami-0abc:eu-west-1}`.
 */
import type { Reason } from '../base/outcome.ts';
import type { Before } from './before.ts';
import type { KeyEffect } from './key-effects.ts';
import type { LifecycleEffect } from './lifecycle-effects.ts';
import type { VolumeEffect } from './volume-effects.ts';

interface StepBase {
  /** Names the effect, not the attempt: planning again gives the same id. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly why: string;
  readonly needs: readonly string[];
  readonly image?: string;
  readonly imageVersion?: string;
}

export interface MappingKey {
  readonly deviceName: string;
  readonly kmsKeyId: string;
}

type Tags = Readonly<Record<string, string>>;

export type Effect =
  | { readonly do: 'disable-encryption-by-default' }
  | {
      readonly do: 'create-key';
      readonly description: string;
      readonly multiRegion: boolean;
      readonly policy: string;
      /** The name by which later steps know its ARN. */
      readonly as: string;
      readonly tags: Tags;
    }
  | {
      readonly do: 'replicate-key';
      readonly key: string;
      readonly toRegion: string;
      readonly policy: string;
      readonly tags: Tags;
    }
  | { readonly do: 'put-alias'; readonly alias: string; readonly key: string }
  | { readonly do: 'enable-key-rotation'; readonly key: string; readonly periodDays: number }
  | { readonly do: 'put-key-policy'; readonly key: string; readonly policy: string }
  | {
      readonly do: 'create-service-linked-role';
      readonly awsServiceName: string;
      readonly suffix?: string;
      readonly roleName: string;
    }
  | { readonly do: 'put-role-policy'; readonly roleName: string; readonly policyName: string; readonly policy: string }
  | { readonly do: 'delete-role-policy'; readonly roleName: string; readonly policyName: string }
  | {
      readonly do: 'create-grant';
      readonly key: string;
      readonly name: string;
      readonly granteePrincipal: string;
      readonly operations: readonly string[];
    }
  | {
      readonly do: 'copy-image';
      readonly sourceImageId: string;
      readonly sourceRegion: string;
      readonly name: string;
      readonly description: string;
      /** Absent: the copy stays unencrypted. */
      readonly key?: string;
      /** A time-based copy: minutes, in steps of 15. Absent: as fast as AWS can. */
      readonly withinMinutes?: number;
      /** The name by which later steps know its id. */
      readonly as: string;
      readonly token: string;
      readonly tags: Tags;
    }
  | {
      readonly do: 'check-image';
      readonly imageId: string;
      /** Absent: every snapshot must be unencrypted. */
      readonly key?: string;
      /** The name by which later steps know its snapshots. */
      readonly as: string;
    }
  | { readonly do: 'prove'; readonly places: readonly string[] }
  /** Launches the image for real in the step's place, as each launcher there does. */
  | { readonly do: 'canary'; readonly imageId: string }
  | {
      readonly do: 'share-image';
      readonly imageId: string;
      readonly accounts: readonly string[];
      /** ARNs of organizational units and organizations. */
      readonly units?: readonly string[];
    }
  | {
      /** Lets accounts copy an image: its snapshots, then the image (so the image alone tells who has been let in). */
      readonly do: 'open-image';
      readonly imageId: string;
      /** Ids with commas between them. */
      readonly snapshots: string;
      readonly accounts: readonly string[];
    }
  | {
      /** The reverse, in the reverse order. */
      readonly do: 'close-image';
      readonly imageId: string;
      readonly snapshots: string;
      readonly accounts: readonly string[];
    }
  | {
      readonly do: 'unshare-image';
      readonly imageId: string;
      readonly accounts: readonly string[];
      readonly units?: readonly string[];
    }
  /** With its snapshots; one that was disabled also with what is kept of its permissions. */
  | { readonly do: 'deregister-image'; readonly imageId: string; readonly wasDisabled?: true }
  | LifecycleEffect
  | KeyEffect
  | VolumeEffect
  | { readonly do: 'revoke-grant'; readonly key: string; readonly grantId: string }
  | { readonly do: 'put-parameter'; readonly name: string; readonly imageId: string; readonly tags: Tags }
  | {
      readonly do: 'set-launch-template';
      readonly name: string;
      readonly imageId: string;
      readonly mappings: readonly MappingKey[];
      readonly token: string;
      /** False: the version is made, and the default stays. */
      readonly setDefault?: false;
    };

export type Step = StepBase & Effect;

export interface Plan {
  readonly version: 1;
  /** SHA-256 over the canonical JSON of the steps. */
  readonly digest: string;
  readonly steps: readonly Step[];
  /** What cannot be planned or delivered as asked, and the way out. */
  readonly blocked: readonly Reason[];
  /** What a reader should know though nothing stops. */
  readonly notes: readonly Reason[];
  /** What others have to apply themselves (`manage: export`). */
  readonly exported: readonly Exported[];
  /** What users get before it is carried out. */
  readonly before: Before;
}

/** What somebody else applies (`manage: export`); the proof waits for it. */
export type Exported =
  | {
      readonly on: 'key';
      readonly account: string;
      readonly region: string;
      readonly key: string;
      readonly policy: string;
    }
  | {
      readonly on: 'role';
      readonly account: string;
      readonly roleName: string;
      readonly policyName: string;
      readonly policy: string;
    }
  | {
      readonly on: 'grant';
      readonly account: string;
      readonly region: string;
      readonly key: string;
      readonly name: string;
      readonly granteePrincipal: string;
      readonly operations: readonly string[];
    };

export const keyRef = (region: string): string => `\${key:${region}}`;
/** A key of a user account, by the name that the config gives it. */
export const accountKeyRef = (account: string, region: string, name: string): string =>
  `\${key:${account}/${region}/${name}}`;
/** @param where a Region for the builder's copy, `account/region` for a private one */
export const imageRef = (image: string, version: string, where: string): string =>
  `\${image:${image}:${version}:${where}}`;
export const snapshotsRef = (image: string, version: string, where: string): string =>
  `\${snapshots:${image}:${version}:${where}}`;

const REFERENCE = /\$\{((?:key|image|snapshots):[^}]+)\}/g;

/** Puts what a run learnt in place of the references. @returns the names of those still unknown, if any */
export function resolveReferences<T>(
  value: T,
  learnt: ReadonlyMap<string, string>,
): { readonly value: T; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const text = JSON.stringify(value).replace(REFERENCE, (whole, name: string) => {
    const known = learnt.get(name);
    if (known === undefined) unknown.push(name);
    return known ?? whole;
  });
  return { value: JSON.parse(text) as T, unknown };
}

/** What is compared: a delivery as numbers, from its config and what was seen of its images, or as somebody asks "what if". */

import type { Finding } from '../base/outcome.ts';
import { type Delivery, serviceLinkedRoleOf } from '../model/delivery.ts';
import type { ImageSeen } from '../model/observed.ts';

export interface Fleet {
  readonly accounts: number;
  readonly regions: number;
  /** Pairs of account and Region that take images. */
  readonly places: number;
  /** Roles that launch with their own identity, over all accounts. */
  readonly roles: number;
  /** Service-linked roles that launch, over all places. */
  readonly linkedPlaces: number;
  readonly images: readonly ImageSize[];
  /** Versions of each image that stay. */
  readonly versions: number;
  readonly multiRegion: boolean;
  /** Organizational units that may stand for their accounts in key policies. */
  readonly units: number;
  /** How much of a version is new against the one before, from 0 to 1: what AWS stores of it along one lineage of snapshots. */
  readonly changed: number;
}

export interface ImageSize {
  readonly name: string;
  readonly disks: number;
  /** Of all its volumes together. */
  readonly gib: number;
  /** What its snapshots hold of that, where an audit saw it; else whole volumes are counted. */
  readonly usedGib?: number;
}

/** What stands in place of what the config and AWS say. */
export type WhatIf = Partial<Record<'accounts' | 'regions' | 'versions' | 'gib' | 'changed', number>>;

/** @returns the fleet, and the images whose size nobody knows */
export function fleetOf(
  want: Delivery,
  sources: ReadonlyMap<string, Finding<ImageSeen>>,
  whatIf: WhatIf = {},
  used: ReadonlyMap<string, number> = new Map(),
): { readonly fleet: Fleet; readonly unknown: readonly string[] } {
  const accounts = whatIf.accounts ?? want.accounts.length;
  const regions = whatIf.regions ?? new Set(want.accounts.flatMap((a) => a.regions)).size;
  const asked = whatIf.accounts !== undefined || whatIf.regions !== undefined;
  const places = asked ? accounts * regions : want.accounts.reduce((n, a) => n + a.regions.length, 0);
  const perAccount = (count: (a: Delivery['accounts'][number]) => number): number =>
    want.accounts.length === 0 ? 0 : want.accounts.reduce((n, a) => n + count(a), 0) / want.accounts.length;
  const linked = perAccount((a) => a.launchers.filter((l) => serviceLinkedRoleOf(l) !== undefined).length);
  const roles = perAccount((a) => a.launchers.filter((l) => serviceLinkedRoleOf(l) === undefined).length);
  const images = want.images.map((i) => sizeOf(i.name, sources.get(i.name), whatIf.gib, used.get(i.name)));
  return {
    fleet: {
      accounts,
      regions,
      places,
      roles: Math.round(roles * accounts),
      linkedPlaces: Math.round(linked * places),
      images: images.filter((i) => i.gib > 0),
      versions: whatIf.versions ?? Math.max(1, ...want.images.map((i) => i.keep.versions)),
      multiRegion: want.key?.multiRegion ?? true,
      units: want.organization.shareBy === 'accounts' ? 0 : want.organizationalUnits.length,
      changed: Math.min(1, whatIf.changed ?? 1),
    },
    unknown: images.filter((i) => i.gib === 0).map((i) => i.name),
  };
}

function sizeOf(
  name: string,
  source: Finding<ImageSeen> | undefined,
  gib: number | undefined,
  usedGib: number | undefined,
): ImageSize {
  const mappings = source?.is === 'known' ? source.value.mappings : [];
  return {
    name,
    disks: Math.max(1, mappings.length),
    gib: gib ?? mappings.reduce((sum, m) => sum + m.volumeSizeGiB, 0),
    ...(gib === undefined && usedGib !== undefined ? { usedGib } : {}),
  };
}

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
}

export interface ImageSize {
  readonly name: string;
  readonly disks: number;
  /** Of all its volumes together: an upper bound, since snapshots hold only what is used. */
  readonly gib: number;
}

/** What stands in place of what the config and AWS say. */
export type WhatIf = Partial<Record<'accounts' | 'regions' | 'versions' | 'gib', number>>;

/** @returns the fleet, and the images whose size nobody knows */
export function fleetOf(
  want: Delivery,
  sources: ReadonlyMap<string, Finding<ImageSeen>>,
  whatIf: WhatIf = {},
): { readonly fleet: Fleet; readonly unknown: readonly string[] } {
  const accounts = whatIf.accounts ?? want.accounts.length;
  const regions = whatIf.regions ?? new Set(want.accounts.flatMap((a) => a.regions)).size;
  const asked = whatIf.accounts !== undefined || whatIf.regions !== undefined;
  const places = asked ? accounts * regions : want.accounts.reduce((n, a) => n + a.regions.length, 0);
  const perAccount = (count: (a: Delivery['accounts'][number]) => number): number =>
    want.accounts.length === 0 ? 0 : want.accounts.reduce((n, a) => n + count(a), 0) / want.accounts.length;
  const linked = perAccount((a) => a.launchers.filter((l) => serviceLinkedRoleOf(l) !== undefined).length);
  const roles = perAccount((a) => a.launchers.filter((l) => serviceLinkedRoleOf(l) === undefined).length);
  const images = want.images.map((i) => sizeOf(i.name, sources.get(i.name), whatIf.gib));
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
    },
    unknown: images.filter((i) => i.gib === 0).map((i) => i.name),
  };
}

function sizeOf(name: string, source: Finding<ImageSeen> | undefined, gib: number | undefined): ImageSize {
  const mappings = source?.is === 'known' ? source.value.mappings : [];
  return {
    name,
    disks: Math.max(1, mappings.length),
    gib: gib ?? mappings.reduce((sum, m) => sum + m.volumeSizeGiB, 0),
  };
}

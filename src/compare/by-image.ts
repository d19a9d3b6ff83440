/**
 * The same comparison for each image alone, with the advice that its own audit gives: of a delivery in which one image holds a
 * secret the others need no encryption. Keys serve all images together, so that what images cost alone does not add up.
 */
import type { Way } from '../model/delivery.ts';
import type { Fleet } from './fleet.ts';
import type { Prices } from './prices.ts';
import { type Advice, adviceFor, type Known } from './verdict.ts';
import { compareWays, type WayRow } from './ways.ts';

export interface ImageCompared {
  readonly name: string;
  /** As the config has it. */
  readonly way: Way;
  readonly ways: readonly WayRow[];
  readonly advice: Advice;
  /** Whether the config's way is the one that is advised; undefined: nobody can tell. */
  readonly fits: boolean | undefined;
}

export interface ImageAsked {
  readonly name: string;
  readonly way: Way;
  /** Versions of it that stay. */
  readonly versions: number;
  readonly known: Known;
}

export function compareImages(fleet: Fleet, prices: Prices, asked: readonly ImageAsked[]): readonly ImageCompared[] {
  return asked.flatMap(({ name, way, versions, known }) => {
    const image = fleet.images.find((i) => i.name === name);
    if (image === undefined) return [];
    const alone = { ...fleet, images: [image], versions };
    const ways = compareWays(alone, prices);
    const advice = adviceFor(alone, ways, known);
    return [{ name, way, ways, advice, fits: advice.way === undefined ? undefined : advice.way === way }];
  });
}

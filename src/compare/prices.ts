/**
 * Table of AWS facts: prices in USD, each with where and when it was read. us-east-1 unless said; other Regions differ,
 * so every one can be given anew (`--price snapshotGiBMonth=0.053`).
 */
export interface Price {
  readonly usd: number;
  readonly per: string;
  readonly source: string;
}

export const PRICES = {
  snapshotGiBMonth: {
    usd: 0.05,
    per: 'GiB of snapshot and month',
    source: 'EBS User Guide "Pricing and billing for archiving snapshots" (standard tier), read 2026',
  },
  keyMonth: {
    usd: 1,
    per: 'customer managed key and month; every replica is one',
    source: 'AWS Key Management Service pricing, read 2026',
  },
  transferGiB: {
    usd: 0.02,
    per: 'GiB copied to another Region, paid by the owner of the source',
    source: 'EC2 on-demand pricing, data transfer, as third parties quote it 2026; dearer between some Regions',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;
export type Prices = Readonly<Record<PriceName, number>>;

export const listPrices = (given: Partial<Prices> = {}): Prices => ({
  snapshotGiBMonth: given.snapshotGiBMonth ?? PRICES.snapshotGiBMonth.usd,
  keyMonth: given.keyMonth ?? PRICES.keyMonth.usd,
  transferGiB: given.transferGiB ?? PRICES.transferGiB.usd,
});

/** Quota files: `amiport sim start --quotas quotas.yaml`. What a file does not name is as its `base` has it. */
import { z } from 'zod';
import { readYaml, type YamlRead } from './checked-yaml.ts';
import type { Operation } from './operation.ts';
import { AWS_QUOTAS, type Limits, NO_QUOTAS, type Quotas, SHARED_RATES } from './quotas.ts';

const off = z.literal('off');
const bucket = z.strictObject(
  { capacity: z.number().min(1, 'must be at least 1'), perSecond: z.number().gt(0, 'must be above 0') },
  { error: 'must be { capacity, perSecond }, or off' },
);
const limit = z.union([z.int().min(0), off], { error: 'must be a whole number, or off' });

const schema = z.strictObject({
  version: z.literal(1, { error: 'must be 1' }),
  base: z.enum(['aws', 'off']).optional(),
  rates: z.record(z.string(), z.union([bucket, off], { error: 'must be { capacity, perSecond }, or off' })).optional(),
  limits: z.strictObject({ snapshotCopies: limit.optional(), imageCopies: limit.optional() }).optional(),
});
type QuotaFile = z.infer<typeof schema>;

/** @param operations those that may have a rate of their own */
export function readQuotaFile(text: string, operations: readonly Operation[]): YamlRead<Quotas> {
  const names = new Set([...SHARED_RATES, ...operations.map((operation) => operation.name)]);
  const read = readYaml(text, schema, (file) =>
    Object.keys(file.rates ?? {})
      .filter((name) => !names.has(name))
      .map((name) => [
        ['rates', name],
        `is neither an operation as ec2.CopyImage nor one of ${SHARED_RATES.join(', ')}`,
      ]),
  );
  return read.ok ? { ok: true, value: quotasOf(read.value) } : read;
}

function quotasOf({ base = 'aws', rates = {}, limits = {} }: QuotaFile): Quotas {
  const from = base === 'aws' ? AWS_QUOTAS : NO_QUOTAS;
  const all = new Map(Object.entries(from.rates));
  for (const [name, rate] of Object.entries(rates)) {
    if (rate === 'off') all.delete(name);
    else all.set(name, rate);
  }
  const limitOf = (name: keyof Limits): number => {
    const given = limits[name] ?? from.limits[name];
    return given === 'off' ? NO_QUOTAS.limits[name] : given;
  };
  const applied = { snapshotCopies: limitOf('snapshotCopies'), imageCopies: limitOf('imageCopies') };
  return { rates: Object.fromEntries(all), limits: applied };
}

/**
 * A million proofs from one observation: 1,000 accounts x 20 Regions x 10 images x 5 launchers, a twentieth of them negative
 * for at least 30 causes, each readable with its reasons. Time is processor time of one thread, each size in a process of its own.
 */
import { execFileSync } from 'node:child_process';
import { launcherText } from '../src/model/delivery.ts';
import type { Proof } from '../src/verify/question.ts';
import { verifyDelivery } from '../src/verify/verify.ts';
import type { Emit } from './figure.ts';
import { peakMiB } from './peak-memory.ts';
import { causesIn } from './worlds/causes.ts';
import { fleetOf } from './worlds/fleet.ts';
import { LAUNCHERS } from './worlds/names.ts';

/** Garbage is collected before it is kept only because there is room. */
const HEAP = '--max-old-space-size=1200';
const SIZES = [1, 10, 100, 1000];
const SECONDS_MAX = 10;
const GB_MAX = 1.5;
const CAUSES_MIN = 30;
const FALLING = 1.1;

interface Measured {
  readonly proofs: number;
  readonly seconds: number;
  readonly readSeconds: number;
  readonly gigabytes: number;
  readonly negative: number;
  readonly causes: number;
  readonly codes: number;
}

export async function bench(emit: Emit): Promise<void> {
  const measured = SIZES.map((accounts): Measured => {
    const script = `import('./bench/verify.ts').then((m) => console.log(JSON.stringify(m.measure(${accounts}))))`;
    return JSON.parse(execFileSync(process.execPath, [HEAP, '-e', script], { encoding: 'utf8' }));
  });
  const last = measured.at(-1);
  if (last === undefined) return;
  const figure = (name: string, value: number, unit: string, target: string, holds: boolean, baseline: string) =>
    emit({ bench: 'verify', figure: name, value, unit, target, holds, baseline });
  const each = measured.map((m) => (m.seconds / m.proofs) * 1e6);
  const curve = `us a proof from 10^3 to 10^6: ${each.map((us) => us.toFixed(1)).join(', ')}`;
  figure('proofs', last.proofs, '', '>= 1000000', last.proofs >= 1e6, 'one world in memory');
  figure('a million proofs', last.seconds, 's', `< ${SECONDS_MAX}`, last.seconds < SECONDS_MAX, curve);
  const { gigabytes, negative, causes } = last;
  figure('memory', gigabytes, 'GB', `< ${GB_MAX}`, gigabytes < GB_MAX, 'most resident, world, proofs and reasons');
  const steps = each.slice(1).map((us, i) => us / (each[i] ?? us));
  const worst = Math.max(...steps);
  figure('growth of time per proof', worst, 'x', `<= ${FALLING}`, worst <= FALLING, curve);
  const read = `all reasons read in ${last.readSeconds.toFixed(1)} s more; ${last.codes} codes`;
  figure('negative', negative / last.proofs, 'of 1', '>= 0.05', negative / last.proofs >= 0.05, read);
  figure('causes', causes, '', `>= ${CAUSES_MIN}`, causes >= CAUSES_MIN, 'of what was broken, met by a negative proof');
}

/** In a process of its own, so that no size profits from the one before. */
export function measure(accounts: number): Measured {
  const { want, seen } = fleetOf(accounts);
  const start = process.threadCpuUsage();
  const proofs = verifyDelivery(want, seen);
  const used = process.threadCpuUsage(start);
  const again = process.threadCpuUsage();
  const against = proofs.filter((p) => p.verdict !== 'can-launch');
  const codes = new Set(against.flatMap((p) => reasonsOf(p).map((r) => r.code)));
  const reading = process.threadCpuUsage(again);
  const seconds = (t: NodeJS.CpuUsage): number => (t.user + t.system) / 1e6;
  return {
    proofs: proofs.length,
    seconds: seconds(used),
    readSeconds: seconds(reading),
    gigabytes: (peakMiB() * 1024) / 1e6,
    negative: against.length,
    causes: causesIn(against, LAUNCHERS.map(launcherText)).size,
    codes: codes.size,
  };
}

function reasonsOf(proof: Proof): Proof['reasons'] {
  if (proof.reasons.length === 0) throw new Error(`${JSON.stringify(proof)} is against a launch without a reason`);
  return proof.reasons;
}

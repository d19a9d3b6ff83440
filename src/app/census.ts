/**
 * The census of consumers: before an image is taken from anybody, everybody who may use it is looked at. Each place is
 * asked once for all of its images. What retire does with it, rotate and rehome may, too.
 */
import { type Finding, known, type Outcome, unreadable } from '../base/outcome.ts';
import { mapPool } from '../base/pool.ts';
import { type Census, type Consumer, censusKey } from '../model/census.ts';
import type { Cloud } from '../model/cloud.ts';

export interface CensusQuestion {
  readonly imageId: string;
  readonly region: string;
  readonly owner: string;
  /** Accounts that amiport can look into. */
  readonly accounts: readonly string[];
  /** True for images that others may launch, too: the owner's usage report counts those whom nobody can ask. */
  readonly shared: boolean;
}

const AT_ONCE = 16;

export async function takeCensus(
  cloud: Cloud,
  delivery: string,
  questions: readonly CensusQuestion[],
): Promise<Census> {
  const looks = new Map<string, Set<string>>();
  for (const q of questions) for (const account of q.accounts) add(looks, `${account}/${q.region}`, q.imageId);
  const reports = new Map<string, Set<string>>();
  for (const q of questions) if (q.shared) add(reports, `${q.owner}/${q.region}`, q.imageId);
  const [found, used] = await Promise.all([
    ask(looks, (at, ids) => cloud.findConsumers(at, ids)),
    ask(reports, (at, imageIds) => cloud.imageUsage(at, { imageIds, delivery })),
  ]);
  return new Map(questions.map((q) => [censusKey(q.region, q.imageId), answerOf(q, found, used)]));
}

type Answers = ReadonlyMap<string, Outcome<readonly Consumer[]>>;

function answerOf(q: CensusQuestion, found: Answers, used: Answers): Finding<readonly Consumer[]> {
  const looked = q.accounts.flatMap((a) => found.get(`${a}/${q.region}`) ?? []);
  const reported = q.shared ? [used.get(`${q.owner}/${q.region}`)].filter((o) => o !== undefined) : [];
  const refused = [...looked, ...reported].find((o) => !o.ok);
  if (refused !== undefined && !refused.ok) return unreadable(refused.reason);
  const consumers = looked.flatMap((o) => (o.ok ? o.value : []));
  // In accounts that were looked into, the report says less than the look.
  const elsewhere = reported.flatMap((o) => (o.ok ? o.value : [])).filter((u) => !q.accounts.includes(u.account));
  return known([...consumers, ...elsewhere].filter((c) => c.imageId === q.imageId));
}

async function ask(
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
  look: (at: { account: string; region: string }, imageIds: readonly string[]) => Promise<Outcome<readonly Consumer[]>>,
): Promise<Answers> {
  const answers = await mapPool([...wanted], AT_ONCE, async ([place, ids]) => {
    const [account = '', region = ''] = place.split('/');
    return [place, await look({ account, region }, [...ids])] as const;
  });
  return new Map(answers);
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, new Set([value]));
  else there.add(value);
}

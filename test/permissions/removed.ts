/**
 * The roles that `export iam` prints suffice for the whole life of a delivery, and nothing in them is too much: with any one
 * action taken away some chapter of it fails, and says which.
 */
import { expect, test } from 'vitest';
import { type Chapter, chaptersOf } from './chapters.ts';
import { Life, type Moment, type Purpose, type Removal, removals, type Way, wantOf } from './life.ts';

/** Before a chapter, and what amiport's roles were asked for in it. */
interface Played {
  readonly chapter: Chapter;
  readonly from: Moment;
  readonly demanded: ReadonlySet<string>;
}

const DELIVERING: readonly Purpose[] = ['builder', 'account'];
const LOOKING: readonly Purpose[] = ['read-only'];

/** By purpose, statement and action: needed on AWS as far as anybody knows, and in the simulator not, which cannot show what is missing then. */
const OPEN: Readonly<Record<string, string>> = {
  'builder AmiportCanaryGroup autoscaling:CreateOrUpdateTags':
    'whether CreateAutoScalingGroup asks for it, too, when it is given tags, no page says (EC2 Auto Scaling User Guide "Tags for security")',
  'builder AmiportAuditKeys kms:Decrypt':
    'whether EBS direct calls count as calls through EC2, which the builder may decrypt by anyhow, no page says (KMS Developer Guide "kms:ViaService")',
};

/** Plays the life once, under exactly the exported roles. @returns every chapter with the moment it begins from */
export async function played(chapters: readonly Chapter[]): Promise<readonly Played[]> {
  const all: Played[] = [];
  let life = new Life();
  for (const chapter of chapters) {
    if (chapter.fresh) life = new Life();
    await chapter.before?.(life);
    const from = life.moment();
    life.end();
    life = new Life(from);
    await life.narrow(wantOf(from.config), chapter.as ?? DELIVERING, chapter.also);
    expect({ chapter: chapter.name, wrong: await chapter.does(life) }).toEqual({ chapter: chapter.name, wrong: [] });
    expect(life.sim.bugs).toEqual([]);
    all.push({ chapter, from, demanded: life.demands() });
  }
  life.end();
  return all;
}

/** @returns what was wrong in the first chapter that failed; undefined: nothing needs the action */
async function wrongWithout(removal: Removal, all: readonly Played[]): Promise<string | undefined> {
  const asked = `${removal.account} ${removal.action}`;
  const likely = [...all.filter((p) => p.demanded.has(asked)), ...all.filter((p) => !p.demanded.has(asked))];
  for (const { chapter, from } of likely) {
    const life = new Life(from);
    await life.narrow(wantOf(from.config), chapter.as ?? DELIVERING, chapter.also, removal);
    const wrong = await chapter.does(life).catch((e: unknown) => [String(e)]);
    life.end();
    if (wrong.length > 0) return JSON.stringify(wrong);
  }
  return undefined;
}

/** @returns the actions of these purposes that no chapter of theirs needs, or that none names when it is missing */
export async function unneeded(
  all: readonly Played[],
  purposes: readonly Purpose[],
  counts: (removal: Removal) => boolean = () => true,
): Promise<readonly string[]> {
  const chapters = all.filter(({ chapter }) => sameAs(chapter, purposes));
  const bad: string[] = [];
  for (const removal of removals(wantOf(chapters[0]?.from.config ?? ''), purposes).filter(counts)) {
    const { account, policy, sid, action } = removal;
    const wrong = await wrongWithout(removal, chapters);
    const told = wrong === undefined ? 'not needed' : wrong.includes(action) ? 'named' : `not named: ${wrong}`;
    const expected = `${purposes[0]} ${sid} ${action}` in OPEN ? 'not needed' : 'named';
    if (told !== expected) bad.push(`${purposes[0]} ${account} ${policy} ${sid} ${action}: ${told}`);
  }
  return bad;
}

export function everyActionIsNeeded(way: Way): void {
  test(`${way}: the exported roles suffice, and without any one action a step fails that names it`, {
    timeout: 300_000,
  }, async () => {
    const all = await played(chaptersOf(way));
    expect([...(await unneeded(all, DELIVERING)), ...(await unneeded(all, LOOKING))]).toEqual([]);
  });
}

const sameAs = ({ as = DELIVERING }: Chapter, purposes: readonly Purpose[]): boolean =>
  JSON.stringify(as) === JSON.stringify(purposes);

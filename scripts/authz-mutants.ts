/**
 * Turns over each rule of authz and says who notices. The case files must; a comparison with another simulator on random
 * requests may, where it models the rule. Exit code 1: survivors of the cases.
 */
import * as authz from '../src/authz/evaluate.ts';
import { type Engine, mutated } from '../test/authz/engine.ts';
import { MUTANTS } from '../test/authz/mutants.ts';
import { DISAGREEMENTS, ours, questions, theirs } from '../test/authz/oracle.ts';
import { caughtBy } from '../test/authz/survivors.ts';

const HELP = `node scripts/authz-mutants.ts [REQUESTS [SEED [SECONDS]]]

Holds every mutant of authz against the case files, and against what another simulator answers to REQUESTS random requests
(2000; 0: none) from SEED (7). The other simulator takes at most SECONDS of processor time (120): half of it to answer the
requests, half to ask the mutants, each until the first difference. What there was no time for is counted, not guessed.`;

/** Requests are made this many at once: the time is looked at in between. */
const AT_ONCE = 100;

if (process.argv.includes('--help')) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const [requests = 2000, seed = 7, seconds = 120] = process.argv.slice(2).map(Number);
  const asked = await answersOfOther(requests, seed, clock(seconds / 2));
  const timeLeft = clock(seconds / 2);
  let survivors = 0;
  const byOther = { caught: 0, asked: 0 };
  for (const mutant of MUTANTS) {
    const engine = await mutated(mutant);
    const byCase = caughtBy(engine);
    if (byCase === undefined) survivors += 1;
    const differs = asked.length === 0 ? undefined : timeLeft.during(() => firstDifference(engine, asked));
    if (differs !== undefined) byOther.asked += 1;
    if (differs !== undefined && differs >= 0) byOther.caught += 1;
    const other = differs === undefined ? 'is not asked' : differs < 0 ? 'agrees' : `differs on request ${differs + 1}`;
    console.log(`${mutant.file}: ${mutant.rule}\n    ${byCase ?? 'SURVIVES the cases'}; the other simulator ${other}`);
  }
  console.log(
    `${MUTANTS.length} mutants, ${survivors} survive the cases; ` +
      `the other simulator catches ${byOther.caught} of ${byOther.asked} on ${asked.length} requests`,
  );
  process.exitCode = survivors > 0 ? 1 : 0;
}

type Asked = Awaited<ReturnType<typeof answersOfOther>>[number];

/** @returns requests on which authz and the other simulator agree */
async function answersOfOther(requests: number, seed: number, timeLeft: Clock) {
  const asked: { readonly c: Parameters<typeof theirs>[0]; readonly their: string }[] = [];
  for (let done = 0; done < requests; done += AT_ONCE) {
    for (const c of questions(Math.min(AT_ONCE, requests - done), seed + done / AT_ONCE)) {
      const [our, their] = [ours(authz, c), await theirs(c)];
      if (!DISAGREEMENTS.some((d) => our !== their && d.explains(c, our, their))) asked.push({ c, their });
    }
    if (timeLeft.isOver()) break;
  }
  return asked;
}

/** @returns the index of the first request that the mutant answers otherwise; -1: none */
function firstDifference(engine: Engine, asked: readonly Asked[]): number {
  return asked.findIndex(({ c, their }) => {
    try {
      return ours(engine, c) !== their;
    } catch {
      return true;
    }
  });
}

interface Clock {
  isOver(): boolean;
  /** Does something and counts its time; undefined once the time is over. */
  during<T>(work: () => T): T | undefined;
}

/** Counts processor time, so that a busy machine does not shorten the comparison. */
function clock(seconds: number): Clock {
  const now = (): number => process.cpuUsage().user / 1e6;
  const start = now();
  let counted = 0;
  return {
    isOver: () => now() - start > seconds,
    during: (work) => {
      if (counted > seconds) return undefined;
      const from = now();
      const value = work();
      counted += now() - from;
      return value;
    },
  };
}

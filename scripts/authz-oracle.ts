/**
 * Asks authz and @cloud-copilot/iam-simulate the same random requests: `node scripts/authz-oracle.ts [REQUESTS [SEED]]`, a million
 * from seed 1 unless said. Prints every disagreement that is not written down; exit code 1 when there is one.
 */
import * as authz from '../src/authz/evaluate.ts';
import { compare, questions } from '../test/authz/oracle.ts';

const [requests = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
const AT_ONCE = 5000;
let unknown = 0;
const met = new Map<string, number>();
for (let done = 0; done < requests; done += AT_ONCE) {
  const found = await compare(authz, questions(Math.min(AT_ONCE, requests - done), seed + done / AT_ONCE));
  for (const [what, count] of [...found.answers, ...found.known]) met.set(what, (met.get(what) ?? 0) + count);
  unknown += found.unknown.length;
  for (const line of found.unknown) console.log(line);
  if (process.stderr.isTTY) process.stderr.write(`\r${Math.min(done + AT_ONCE, requests)} of ${requests}`);
}
console.log(
  `${requests} requests from seed ${seed}: ${JSON.stringify(Object.fromEntries(met))}; not written down: ${unknown}`,
);
process.exitCode = unknown > 0 ? 1 : 0;

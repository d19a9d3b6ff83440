/**
 * Turns over each rule of authz and says who notices: `node scripts/authz-mutants.ts [REQUESTS [SEED]]`. The case files must; of
 * REQUESTS random ones (0: none) the comparison with another simulator may, where it models the rule. Exit code 1: survivors.
 */
import * as authz from '../src/authz/evaluate.ts';
import { mutated } from '../test/authz/engine.ts';
import { MUTANTS } from '../test/authz/mutants.ts';
import { DISAGREEMENTS, ours, questions, theirs } from '../test/authz/oracle.ts';
import { caughtBy } from '../test/authz/survivors.ts';

const [requests = 2000, seed = 7] = process.argv.slice(2).map(Number);
const asked = [];
for (const c of requests > 0 ? questions(requests, seed) : []) {
  const [our, their] = [ours(authz, c), await theirs(c)];
  if (!DISAGREEMENTS.some((d) => our !== their && d.explains(c, our, their))) asked.push({ c, their });
}
let survivors = 0;
let byOracle = 0;
for (const mutant of MUTANTS) {
  const engine = await mutated(mutant);
  const byCase = caughtBy(engine);
  const differs = asked.filter(({ c, their }) => answerOf(() => ours(engine, c)) !== their).length;
  if (byCase === undefined) survivors += 1;
  if (differs > 0) byOracle += 1;
  const who = `${byCase ?? 'SURVIVES the cases'}; the other simulator differs on ${differs}`;
  console.log(`${mutant.file}: ${mutant.rule}\n    ${who}`);
}
console.log(
  `${MUTANTS.length} mutants, ${survivors} survive the cases; the other simulator catches ${byOracle} on ${asked.length} requests`,
);
process.exitCode = survivors > 0 ? 1 : 0;

function answerOf(ask: () => string): string {
  try {
    return ask();
  } catch {
    return 'failed';
  }
}

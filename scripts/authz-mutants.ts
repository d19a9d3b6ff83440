/**
 * Turns over each rule of authz and says who notices. The case files must; another simulator does, on random requests, where it
 * models the rule (`test/authz/beyond-oracle.ts` lists where not). Exit code 1: survivors of the cases.
 */
import { mutated } from '../test/authz/engine.ts';
import { agreed, firstDifference } from '../test/authz/mutant-oracle.ts';
import { MUTANTS } from '../test/authz/mutants.ts';
import { caughtBy } from '../test/authz/survivors.ts';

const HELP = `node scripts/authz-mutants.ts [REQUESTS [SEED]]

Holds every mutant of authz against the case files, and against what another simulator answers to REQUESTS random requests
(5000; 0: none) from SEED (7): about a minute for 5000.`;

if (process.argv.includes('--help')) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const [requests = 5000, seed = 7] = process.argv.slice(2).map(Number);
  const asked = await agreed(requests, seed);
  let survivors = 0;
  let caught = 0;
  for (const mutant of MUTANTS) {
    const engine = await mutated(mutant);
    const byCase = caughtBy(engine);
    if (byCase === undefined) survivors += 1;
    const differs = firstDifference(engine, asked);
    if (differs >= 0) caught += 1;
    const other = differs < 0 ? 'agrees' : `differs on request ${differs + 1}`;
    console.log(`${mutant.file}: ${mutant.rule}\n    ${byCase ?? 'SURVIVES the cases'}; the other simulator ${other}`);
  }
  console.log(
    `${MUTANTS.length} mutants, ${survivors} survive the cases; ` +
      `the other simulator notices ${caught} on ${asked.length} requests`,
  );
  process.exitCode = survivors > 0 ? 1 : 0;
}

/**
 * Bends metadata at random places and looks what the disk readers make of it: `node scripts/disk-corruption.ts [RUNS] [SEED]`.
 *
 * RUNS for each kind of file system, default 10,000. Exit code 1 on a crash, a look above 10 s, memory above 1 GiB, or another tree
 * without a word where the file system has checksums.
 */
import { CHECKED, corrupt, KINDS } from '../test/disk/corrupt.ts';

const [runs = 10_000, seed = 1] = process.argv.slice(2).map(Number);
for (const kind of KINDS) {
  let peakBytes = 0;
  const tally = await corrupt(kind, runs, seed, () => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  });
  const { told, same, silent, crashed, longestMs } = tally;
  const peak = `peak memory ${Math.round(peakBytes / 2 ** 20)} MiB`;
  const counts = `${crashed.length} crashed, ${told} told, ${same} without effect, ${silent.length} silent`;
  console.log(`${kind}: ${tally.runs} runs, ${counts}; longest ${Math.round(longestMs)} ms, ${peak}`);
  const wrong = [...crashed, ...(CHECKED.includes(kind) ? silent : [])];
  for (const line of wrong.slice(0, 5)) console.log(`  ${line}`);
  if (wrong.length > 0 || longestMs > 10_000 || peakBytes > 2 ** 30) process.exitCode = 1;
}

/**
 * Holds proofs against launches on many random worlds: `node scripts/soundness.ts [worlds=100000] [first seed=1]`.
 * A failure names the seed of its world; `node scripts/soundness.ts 2 SEED` replays it.
 */
import { spawnSync } from 'node:child_process';

const [worlds = '100000', seed = '1'] = process.argv.slice(2);
// Two files share the worlds.
const env = { ...process.env, AMIPORT_WORLDS: String(Math.ceil(Number(worlds) / 2)), AMIPORT_SEED: seed };
const { status } = spawnSync('npx', ['vitest', 'run', 'test/soundness'], { env, stdio: 'inherit' });
process.exitCode = status ?? 1;

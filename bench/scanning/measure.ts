/** One measurement, in a process of its own: `node measure.js IMAGE read|one|two` prints what it saw. */
import { keepYoungGenerationSmall } from '../../src/cli/young-generation.ts';
import { audit, readAll } from './code.ts';

// As the program does for an audit.
keepYoungGenerationSmall();

type Measured = 'read' | 'one' | 'two';

export interface Measurement {
  readonly ms: number;
  readonly bytes: number;
  readonly files: number;
  readonly findings: number;
}

async function measure(image: string, what: Measured): Promise<Measurement> {
  const begin = performance.now();
  if (what === 'read') {
    const bytes = await readAll(image);
    return { ms: performance.now() - begin, bytes, files: 0, findings: 0 };
  }
  const { coverage, findings } = await audit(image, what === 'one' ? 1 : 2);
  const ms = performance.now() - begin;
  return { ms, bytes: coverage.bytes.scanned, files: coverage.files.scanned, findings: findings.length };
}

const [image = '', what] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(image, what as Measured)));

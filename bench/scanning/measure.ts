/** One measurement, in a process of its own: `node measure.js IMAGE read|one|two` prints what it saw. */
import { keepYoungGenerationSmall } from '../../src/cli/young-generation.ts';
import { audit, readAll } from './code.ts';

// As the program does for an audit.
keepYoungGenerationSmall();

type Measured = 'read' | 'one' | 'two';

export interface Measurement {
  readonly ms: number;
  /** Of all threads of the process meanwhile, V8's own among them. */
  readonly cpuMs: number;
  readonly bytes: number;
  readonly files: number;
  readonly findings: number;
}

async function measure(image: string, what: Measured): Promise<Measurement> {
  const begin = performance.now();
  const before = process.cpuUsage();
  const taken = (): Pick<Measurement, 'ms' | 'cpuMs'> => {
    const { user, system } = process.cpuUsage(before);
    return { ms: performance.now() - begin, cpuMs: (user + system) / 1000 };
  };
  if (what === 'read') {
    const bytes = await readAll(image);
    return { ...taken(), bytes, files: 0, findings: 0 };
  }
  const { coverage, findings } = await audit(image, what === 'one' ? 1 : 2);
  const { bytes, files } = coverage;
  return { ...taken(), bytes: bytes.scanned, files: files.scanned, findings: findings.length };
}

const [image = '', what] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(image, what as Measured)));

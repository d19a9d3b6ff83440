/** `amiport demo`: the whole story on a simulated AWS of its own, over HTTP, with the real AWS SDK. */

import { simulatedClock } from '../../app/api.ts';
import { startSim } from '../../sim/api.ts';
import { type Context, EXIT } from '../context.ts';
import { playByHand } from '../demo/by-hand.ts';
import { narrator } from '../demo/narrator.ts';
import { setStage } from '../demo/stage.ts';
import { playWithAmiport } from '../demo/with-amiport.ts';
import { demoWorld } from '../demo/world.ts';
import { Printer, type PrintFlags } from '../print.ts';

/** Simulated seconds per second: copies take seconds, the five minutes of a new grant two and a half. */
const SPEED = 120;

export default async function demo(this: Context, flags: PrintFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const startedMs = Date.now();
  const sim = await startSim({ port: 0, speed: SPEED, world: demoWorld });
  const url = sim.server?.url ?? '';
  try {
    const clock = await simulatedClock(url);
    const say = narrator(printer);
    printer.line(`A simulated AWS runs at ${url}, ${SPEED} times as fast as the clock. Nothing leaves this machine.`);
    const stage = await setStage({ endpoint: url }, clock);
    say.heading('Part 1: by hand, as it goes wrong');
    await playByHand(stage, say);
    if (this.interrupted.aborted) {
      this.process.exitCode = EXIT.interrupted;
      return;
    }
    say.heading('Part 2: with amiport');
    const ending = await playWithAmiport(this, stage, url, printer, flags, say);
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    if (flags.json) printer.document({ version: 1, byHand: say.told, ...ending, seconds });
    else
      printer.line(`\n${ending.ok ? printer.color.green('✓') : printer.color.red('✗')} ${ending.says} (${seconds} s)`);
    this.process.exitCode = this.interrupted.aborted ? EXIT.interrupted : ending.ok ? EXIT.done : EXIT.failed;
  } finally {
    await sim.close();
  }
}

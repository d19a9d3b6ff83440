/** A simulated AWS on virtual time for `rotate --drill`: the port of app/drill.ts, filled by the simulator. */
import type { Simulated } from '../app/api.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';

export async function simulate(world: string): Promise<Outcome<Simulated>> {
  const { startSim } = await import('../sim/api.ts');
  const { VirtualTime } = await import('../sim/time.ts');
  const { yamlProblemText } = await import('../sim/checked-yaml.ts');
  const { readWorldFile } = await import('../sim/world/world-file.ts');
  const read = readWorldFile(world, '.');
  if (!read.ok) {
    const [problem] = read.problems;
    const says = `the simulator cannot take over what was observed: ${problem === undefined ? 'no reason given' : yamlProblemText(problem)}`;
    return failed(reason('rotate.drill.world', 'drill', says));
  }
  const clock = new VirtualTime(Date.now());
  let calls = 0;
  const sim = await startSim({ port: false, clock, quotas: 'aws', world: () => read.make() });
  const handler = sim.requestHandler();
  const counting = {
    ...handler,
    handle: (request: Parameters<typeof handler.handle>[0]) => {
      calls += 1;
      return handler.handle(request);
    },
  };
  return done({
    requestHandler: counting,
    clock,
    calls: () => calls,
    imageId: (region, name) =>
      [...(sim.world.regions.get(region)?.ec2.images.values() ?? [])].find((i) => i.name === name)?.imageId ?? '',
    close: () => sim.close(),
  });
}

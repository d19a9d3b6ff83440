/** Part two of the demo: the commands a user types, run as they are, against the stage. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from '@stricli/core';
import type { RawSender } from '../../app/api.ts';
import type { Context } from '../context.ts';
import type { Printer, PrintFlags } from '../print.ts';
import { examplesFolder } from './examples.ts';
import type { Narrator } from './narrator.ts';
import { BUILDER, FIRST, HOME, must, OTHER, SECOND, type Stage } from './stage.ts';
import { imageAvailable } from './watch.ts';
import { playAudit, type Type } from './with-audit.ts';
import { WEB_BASE } from './world.ts';

export interface Ending {
  readonly ok: boolean;
  readonly says: string;
  readonly commands: readonly { readonly command: string; readonly exitCode: number }[];
  /** Part three: what each command ended with, and what it should. */
  readonly audits: readonly { readonly command: string; readonly exitCode: number; readonly expected: number }[];
  readonly volumeKeys: readonly {
    readonly account: string;
    readonly region: string;
    readonly image: string;
    readonly launcher: string;
    readonly key: string | undefined;
  }[];
}

export async function playWithAmiport(
  context: Context,
  stage: Stage,
  url: string,
  printer: Printer,
  flags: PrintFlags,
  say: Pick<Narrator, 'heading' | 'line'>,
): Promise<Ending> {
  const folder = await mkdtemp(join(tmpdir(), 'amiport-demo-'));
  try {
    await cp(examplesFolder(), folder, { recursive: true });
    const commands: { command: string; exitCode: number }[] = [];
    const type = async (...args: readonly string[]): Promise<void> => {
      const shown = `amiport ${args.join(' ')}`;
      printer.line(`\n${printer.color.cyan('$')} ${printer.color.bold(shown)}`);
      const { exitCode } = await typed(context, url, join(folder, 'amiport.yaml'), args, flags);
      commands.push({ command: shown, exitCode });
    };
    await prepareConfig(context, stage, folder, printer);
    if (hasPacker(context)) await type('build');
    await type('plan');
    await type('apply', '--yes');
    await type('verify');
    const launched = await canaries(context, url, join(folder, 'amiport.yaml'), printer, commands);
    const delivered = ending(commands, launched, printer);
    if (context.interrupted.aborted) return { ...delivered, audits: [] };
    const audits = await playAudit(
      say,
      folder,
      typeWith(context, url, folder, printer, flags),
      await webImage(context, stage),
    );
    const ok = audits.every((a) => a.exitCode === a.expected);
    return { ...delivered, ok: delivered.ok && ok, says: ok ? delivered.says : NOT_AS_IT_SHOULD, audits };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Commands with one of several configs, shown as somebody would type them. */
const typeWith =
  (context: Context, url: string, folder: string, printer: Printer, flags: PrintFlags): Type =>
  async (config, ...args) => {
    const named = config === 'amiport.yaml' ? '' : ` --config ${config}`;
    printer.line(`\n${printer.color.cyan('$')} ${printer.color.bold(`amiport ${args.join(' ')}${named}`)}`);
    return (await typed(context, url, join(folder, config), args, flags)).exitCode;
  };

/** Without Packer the image is baked by plain calls. */
const webImage = (context: Context, stage: Stage): Promise<string | undefined> =>
  hasPacker(context) ? Promise.resolve(undefined) : bake(stage, 'web', WEB_BASE);

const hasPacker = (context: Context): boolean =>
  (context.env.PATH ?? '').split(delimiter).some((f) => existsSync(join(f, 'packer')));

/** The example's config; without Packer the images are baked by plain calls, and named by their ids. */
async function prepareConfig(context: Context, stage: Stage, folder: string, printer: Printer): Promise<void> {
  const file = join(folder, 'amiport.yaml');
  const text = await readFile(file, 'utf8');
  if (hasPacker(context)) {
    // Nothing runs inside a simulated instance, so nothing would power it off.
    const vars = 'wait_for_poweroff: "false"';
    const kubernetes = text.replace('vars: { k8s: "1.34" }', `vars: { k8s: "1.34", ${vars} }`);
    await writeFile(
      file,
      kubernetes.replace('packer: images/vod.json }', `packer: images/vod.json, vars: { ${vars} } }`),
    );
    return;
  }
  printer.line('Packer is not installed: the two images are baked by plain calls instead.');
  const kubernetes = await bake(stage, 'kubernetes');
  const vod = await bake(stage, 'vod');
  await writeFile(
    file,
    text
      .replace(/\{ packer: images\/kubernetes[^}]*\}[^}]*\}/, `{ ami: ${kubernetes} }`)
      .replace(/\{ packer: images\/vod[^}]*\}/, `{ ami: ${vod} }`),
  );
}

interface Images {
  readonly Images: readonly { readonly ImageId: string; readonly OwnerId: string }[];
}

const publicImages = (builder: RawSender): Promise<Images> =>
  must(builder.send<Images>('ec2', HOME, 'DescribeImages', { Filters: [{ Name: 'is-public', Values: ['true'] }] }));

async function bake(stage: Stage, name: string, base?: string): Promise<string> {
  const { builder } = stage;
  const bases =
    base === undefined
      ? await publicImages(builder)
      : await must(
          builder.send<Images>('ec2', HOME, 'DescribeImages', { Filters: [{ Name: 'name', Values: [base] }] }),
        );
  const ImageId = bases.Images[0]?.ImageId ?? '';
  const started = await must(
    builder.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', {
      ImageId,
      InstanceType: 't3.small',
      MinCount: 1,
      MaxCount: 1,
    }),
  );
  const InstanceId = started.Instances[0]?.InstanceId ?? '';
  await stage.clock.sleep(30_000);
  const made = await must(
    builder.send<{ ImageId: string }>('ec2', HOME, 'CreateImage', { InstanceId, Name: `${name}-demo` }),
  );
  await imageAvailable(stage, builder, made.ImageId);
  await must(builder.send('ec2', HOME, 'TerminateInstances', { InstanceIds: [InstanceId] }));
  return made.ImageId;
}

/** Runs one command of the CLI in this process, with the environment of somebody who typed `amiport sim env`. */
async function typed(
  context: Context,
  url: string,
  config: string,
  args: readonly string[],
  flags: PrintFlags,
  capture = false,
): Promise<{ exitCode: number; out: unknown }> {
  const captured: string[] = [];
  const silent = { ...context.process.stdout, isTTY: false, write: (text: string) => captured.push(text) > 0 };
  const stdout = capture || flags.json ? silent : context.process.stdout;
  const own = { stdout: { value: stdout }, exitCode: { value: 0, writable: true } };
  const process = Object.create(context.process, own) as Context['process'];
  const env = {
    PATH: context.env.PATH,
    HOME: context.env.HOME,
    TERM: context.env.TERM,
    NO_COLOR: context.env.NO_COLOR,
    AMIPORT_ENDPOINT: url,
    AWS_ACCESS_KEY_ID: BUILDER,
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const extra = [...(flags.noColor ? ['--no-color'] : []), ...(flags.quiet || flags.json ? ['--quiet'] : [])];
  const cli: Context = { ...context, process, env };
  await run(context.app, [...args, '--config', config, ...extra], cli);
  return {
    exitCode: Number(process.exitCode ?? 0),
    out: capture ? (JSON.parse(captured.join('')) as unknown) : undefined,
  };
}

type Canaries = readonly {
  readonly image: string;
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
  readonly result: string;
  readonly volumeKey?: string;
}[];

async function canaries(
  context: Context,
  url: string,
  config: string,
  printer: Printer,
  commands: { command: string; exitCode: number }[],
): Promise<Canaries> {
  printer.line(`\n${printer.color.cyan('$')} ${printer.color.bold('amiport verify --canary --json')}`);
  const { exitCode, out } = await typed(
    context,
    url,
    config,
    ['verify', '--canary', '--json'],
    { json: false, quiet: false, noColor: false },
    true,
  );
  commands.push({ command: 'amiport verify --canary --json', exitCode });
  const launched = (out as { readonly canaries?: Canaries }).canaries ?? [];
  for (const c of launched)
    printer.line(
      `  ${c.result === 'launched' ? printer.color.green('✓') : printer.color.red('✗')} ${c.image} ${c.account} ${c.region} ${c.launcher}: ${c.result}`,
    );
  return launched;
}

const NOT_AS_IT_SHOULD = 'not everything went as it should: see above.';

/** Which key each root volume is under, and that no two accounts share one. */
function ending(commands: Ending['commands'], launched: Canaries, printer: Printer): Omit<Ending, 'audits'> {
  const volumeKeys = launched.map((c) => ({
    account: c.account,
    region: c.region,
    image: c.image,
    launcher: c.launcher,
    key: c.volumeKey,
  }));
  printer.line();
  const owners = new Map<string, Set<string>>();
  for (const v of volumeKeys) {
    const key = v.key ?? 'no key';
    (owners.get(key) ?? owners.set(key, new Set()).get(key))?.add(v.account);
  }
  for (const [key, accounts] of owners) printer.line(`  root volumes of ${[...accounts].join(', ')}: ${key}`);
  const shared = [...owners].filter(([, accounts]) => accounts.size > 1);
  const wanted = [FIRST, SECOND].length * [HOME, OTHER].length * 4;
  const ok =
    commands.every((c) => c.exitCode === 0) &&
    launched.length === wanted &&
    launched.every((c) => c.result === 'launched') &&
    shared.length === 0 &&
    !owners.has('no key');
  const says = ok
    ? `${launched.length} launches in 2 accounts and 2 Regions, and no two accounts share a volume key.`
    : NOT_AS_IT_SHOULD;
  return { ok, says, commands, volumeKeys };
}

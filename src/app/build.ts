/** Builds images with the real Packer and tags the results as versions of the delivery. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Image } from '../model/delivery.ts';
import type { Emit } from './events.ts';
import { artifactImage, isUiError, parsePackerLine, uiText } from './packer-output.ts';
import { declaredVariables, overlaps } from './packer-template.ts';
import type { Session } from './session.ts';

export interface Built {
  readonly image: string;
  readonly imageId: string;
  readonly region: string;
  /** What the template does that is amiport's work. */
  readonly notes: readonly Reason[];
}

type Env = Readonly<Record<string, string | undefined>>;

export async function buildImage(
  session: Session,
  image: Image,
  env: Env,
  emit: Emit,
  signal?: AbortSignal,
): Promise<Outcome<Built>> {
  if (image.source.from !== 'packer') {
    return failed(
      reason('packer.no-template', image.name, `image ${image.name} has no Packer source: there is nothing to build`),
    );
  }
  const template = resolve(session.configDir, image.source.template);
  const text = await readFile(template, 'utf8').catch(() => undefined);
  if (text === undefined)
    return failed(reason('packer.template.unreadable', template, `template ${template} cannot be read`));
  const packer = packerPath(env);
  if (packer === undefined) return failed(NO_PACKER);
  const declared = declaredVariables(template, text);
  const { region } = session.want.builder;
  const offered: Record<string, string> = {
    aws_region: region,
    ...(session.endpoint === undefined ? {} : { aws_endpoint: session.endpoint }),
  };
  if (session.endpoint !== undefined && !declared.has('aws_endpoint'))
    return failed(noEndpointVariable(template, session.endpoint));
  const vars = {
    ...Object.fromEntries(Object.entries(offered).filter(([name]) => declared.has(name))),
    ...image.source.vars,
  };
  const args = [
    'build',
    '-machine-readable',
    '-color=false',
    ...Object.entries(vars).flatMap(([k, v]) => ['-var', `${k}=${v}`]),
    basename(template),
  ];
  const ran = await runPacker(
    packer,
    args,
    dirname(template),
    packerEnv(env, session),
    image.name,
    region,
    emit,
    signal,
  );
  if (!ran.ok) return ran;
  const imageId = ran.value;
  const tagged = await tagSource(session, image.name, imageId);
  if (!tagged.ok) return tagged;
  return done({ image: image.name, imageId, region, notes: overlaps(basename(template), text) });
}

const NO_PACKER = reason('packer.absent', 'packer', 'Packer is not installed, and this image is built with it', {
  remedy: {
    who: 'you',
    does: 'install it (Debian: apt-get install packer; others: the download page of HashiCorp Packer), or give the image by ami: or manifest:',
  },
});

function packerPath(env: Env): string | undefined {
  const given = env.AMIPORT_PACKER;
  if (given !== undefined && given !== '') return existsSync(given) ? given : undefined;
  return (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'packer'))
    .find((file) => existsSync(file));
}

const noEndpointVariable = (template: string, endpoint: string): Reason =>
  reason(
    'packer.template.no-endpoint',
    template,
    `${basename(template)} declares no variable aws_endpoint, so Packer would build on the real AWS, not at ${endpoint}`,
    {
      remedy: {
        who: 'you',
        does: 'declare variable aws_endpoint (default "") and set custom_endpoint_ec2 to it in the builder',
      },
    },
  );

/** At an endpoint only what it needs of the environment: nothing ambient that could reach the real AWS. */
function packerEnv(env: Env, session: Session): NodeJS.ProcessEnv {
  if (session.endpoint === undefined) return { ...env };
  const keep = [
    'PATH',
    'HOME',
    'TMPDIR',
    'LANG',
    'PACKER_CONFIG_DIR',
    'PACKER_PLUGIN_PATH',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
  ];
  const kept = Object.fromEntries(keep.flatMap((k) => (env[k] === undefined ? [] : [[k, env[k]]])));
  return {
    ...kept,
    AWS_REGION: session.want.builder.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    CHECKPOINT_DISABLE: '1',
    NO_PROXY: '*',
    ...POLLING,
  };
}

/** Packer polls every 15 s by default; a simulator's minutes are shorter. */
const POLLING = { AWS_POLL_DELAY_SECONDS: '1', AWS_MAX_ATTEMPTS: '600' };

async function runPacker(
  packer: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  image: string,
  region: string,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<Outcome<string>> {
  const child = spawn(packer, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  // Packer cleans up after one interrupt: its instance, key pair and security group.
  const stop = () => child.kill('SIGINT');
  signal?.addEventListener('abort', stop, { once: true });
  let imageId: string | undefined;
  const errors: string[] = [];
  for await (const raw of createInterface({ input: child.stdout })) {
    const line = parsePackerLine(raw);
    if (line === undefined) continue;
    imageId ??= artifactImage(line, region);
    const says = uiText(line);
    if (says !== undefined && says.trim() !== '') emit({ kind: 'build', image, line: says });
    if (isUiError(line) && says !== undefined) errors.push(says);
  }
  const code = child.exitCode ?? (await new Promise<number | null>((resolved) => child.once('close', resolved)));
  signal?.removeEventListener('abort', stop);
  if (code === 0 && imageId !== undefined) return done(imageId);
  return failed(buildFailed(image, code, errors));
}

/** Packer's own words, and the cause where it is one that amiport knows. */
function buildFailed(image: string, code: number | null, errors: readonly string[]): Reason {
  const own = errors
    .flatMap((e) => e.split('\n'))
    .map((e) => e.trim())
    .filter((e) => e !== '');
  const because = own.slice(-5).map((e) => reason('packer.says', image, e));
  const known = CAUSES.find((c) => own.some((e) => c.in.test(e)));
  return reason('packer.failed', image, `Packer could not build ${image} (exit ${code ?? 'by a signal'})`, {
    because: known === undefined ? because : [...because, reason(known.code, image, known.says)],
    remedy:
      known === undefined
        ? { who: 'you', does: `see what Packer says above; PACKER_LOG=1 says more` }
        : { who: 'you', does: known.does },
  });
}

const CAUSES: readonly { readonly in: RegExp; readonly code: string; readonly says: string; readonly does: string }[] =
  [
    {
      in: /copy from an encrypted snapshot is not supported/,
      code: 'packer.cause.unencrypted-copy',
      says: 'the template asks for an unencrypted copy, but the snapshot is encrypted: encryption by default is on, or the base image is encrypted',
      does: 'take the copy out of the template and let amiport plan it; for unencrypted images switch encryption by default off in the build Region first',
    },
    {
      in: /AWS Managed CMK can.?t be shared|EBS default key cannot be shared/,
      code: 'packer.cause.managed-key',
      says: 'the template shares an image that is under the AWS managed key aws/ebs, which no other account can ever use',
      does: 'take the sharing out of the template and let amiport copy the image under a dedicated key first',
    },
    {
      in: /Client error on launch|InvalidKMSKey/,
      code: 'packer.cause.key',
      says: 'the build instance died at launch: the builder may not use the key of its volume or of the base image',
      does: 'see the default key for EBS encryption of the build Region, and who may use it',
    },
  ];

async function tagSource(session: Session, image: string, imageId: string): Promise<Outcome<void>> {
  const at = session.want.builder;
  const tags = {
    'amiport:delivery': session.want.name,
    'amiport:image': image,
    'amiport:version': imageId,
    'amiport:step': 'source',
  };
  return session.cloud.createTags(at, [imageId], tags);
}

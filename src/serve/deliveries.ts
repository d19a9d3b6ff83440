/**
 * The deliveries that a server may act on: the configs in its own directory, `NAME.yaml` or `NAME/amiport.yaml`, known by
 * the name that each gives itself. A request names one of them; it never becomes a path. A link that leads out of the
 * directory is passed over.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { openSession, readConfig, type Session } from '../app/api.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';

export interface DeliveriesOptions {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A simulator in place of AWS; given to the server when it starts, never by a request. */
  readonly endpoint?: string;
}

export interface OpenedDelivery {
  readonly session: Session;
  /** SHA-256 of the config file. */
  readonly config: string;
}

export interface ListedDelivery {
  readonly name: string;
  readonly file: string;
  readonly images: readonly string[];
}

export class Deliveries {
  readonly #options: DeliveriesOptions;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** @returns what can be acted on, and why the rest cannot */
  async list(): Promise<{ readonly deliveries: readonly ListedDelivery[]; readonly bad: readonly Reason[] }> {
    const found = new Map<string, ListedDelivery[]>();
    const bad: Reason[] = [];
    for (const file of await this.#files()) {
      const config = await readConfig(file, this.#options.env);
      if (!config.ok) {
        bad.push(config.bad.reason);
        continue;
      }
      const { name, images } = config.value.want;
      found.set(name, [...(found.get(name) ?? []), { name, file, images: images.map((i) => i.name) }]);
    }
    for (const [name, files] of found) if (files.length > 1) bad.push(twice(name, files));
    return { deliveries: [...found.values()].flatMap((all) => (all.length === 1 ? all : [])), bad };
  }

  /** The caller closes the session. */
  async open(name: string): Promise<Outcome<OpenedDelivery>> {
    const { deliveries } = await this.list();
    const listed = deliveries.find((d) => d.name === name);
    if (listed === undefined) return failed(unknown(name));
    const config = createHash('sha256')
      .update(await readFile(listed.file))
      .digest('hex');
    const { env, endpoint } = this.#options;
    const session = await openSession({
      configFile: listed.file,
      env,
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    return session.ok ? done({ session: session.value, config }) : failed(session.bad.reason);
  }

  async #files(): Promise<readonly string[]> {
    const root = await realpath(this.#options.dir);
    const entries = await readdir(root, { withFileTypes: true });
    const candidates = entries
      .filter((e) => !e.name.startsWith('.'))
      .map((e) => join(root, e.name, ...(e.name.endsWith('.yaml') ? [] : ['amiport.yaml'])));
    const real = await Promise.all(candidates.map((path) => realpath(path).catch(() => '')));
    return real.filter((path) => path.startsWith(root + sep)).toSorted();
  }
}

const unknown = (name: string): Reason =>
  reason('serve.delivery.unknown', name, `there is no delivery ${JSON.stringify(name)} on this server`, {
    remedy: {
      who: 'the server',
      does: 'put its config into the directory of the server, as NAME.yaml or NAME/amiport.yaml',
    },
  });

const twice = (name: string, files: readonly ListedDelivery[]): Reason =>
  reason(
    'serve.delivery.twice',
    name,
    `delivery ${name} is in several files, so none of them is used: ${files.map((f) => f.file).join(', ')}`,
  );

/** The words, flags and help of the service: `serve`, `worker`, and `server`, which asks one. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { COMMON_FLAGS, OUTPUT_FLAGS, parsePort, parsePositive, parseText, SERVER_FLAGS } from './flags.ts';
import { examples, none } from './help.ts';

const PROCESS_FLAGS = {
  deliveries: {
    kind: 'parsed',
    parse: parseText,
    default: '.',
    brief: 'Directory of the configs it may act on: NAME.yaml, NAME/amiport.yaml',
    placeholder: 'dir',
  },
  jobs: { kind: 'parsed', parse: parsePositive, default: '16', brief: 'Places worked on at once', placeholder: 'n' },
  endpoint: COMMON_FLAGS.endpoint,
  logLevel: {
    kind: 'enum',
    values: ['error', 'warn', 'info'],
    default: 'info',
    brief: 'Log lines go to standard error',
  },
} as const;

const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: parseText, optional: true, brief, placeholder }) as const;

export const serve = buildCommand({
  loader: async () => ({ default: (await import('./commands/serve.ts')).serve }),
  parameters: {
    flags: {
      ...PROCESS_FLAGS,
      host: {
        kind: 'parsed',
        parse: parseText,
        default: '127.0.0.1',
        brief: 'Address to listen on',
        placeholder: 'address',
      },
      port: { kind: 'parsed', parse: parsePort, default: '4600', brief: 'Port; 0 takes a free one', placeholder: 'n' },
      auth: {
        kind: 'enum',
        values: ['token', 'none'],
        default: 'token',
        brief: 'none: whoever is on this machine; loopback only',
      },
      oidcIssuer: text('Also accept JWTs of this OpenID Connect issuer', 'url'),
      oidcAudience: text('Audience the JWTs must have', 'name'),
      oidcRoleClaim: {
        kind: 'parsed',
        parse: parseText,
        default: 'amiport_role',
        brief: 'Claim with read, apply or admin',
        placeholder: 'claim',
      },
      builds: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Let requests build with Packer, which runs what templates say',
      },
      work: { kind: 'boolean', default: true, brief: 'Carry jobs out in this process, too' },
      driftMinutes: {
        kind: 'parsed',
        parse: parsePositive,
        default: '60',
        brief: 'Look for drift so often',
        placeholder: 'n',
      },
      keepDays: {
        kind: 'parsed',
        parse: parsePositive,
        default: '90',
        brief: 'Keep ended runs so long',
        placeholder: 'n',
      },
      ...OUTPUT_FLAGS,
    },
    aliases: { q: 'quiet' },
    positional: none,
  },
  docs: {
    brief: 'Serve deliveries over HTTP to many callers',
    fullDescription: examples(
      'State is in an embedded database, or in PostgreSQL at AMIPORT_DATABASE_URL, which many servers and workers may share.',
      'amiport serve',
      'amiport serve --deliveries /etc/amiport --host 0.0.0.0 --oidc-issuer https://login.example.com --oidc-audience amiport',
      'AMIPORT_DATABASE_URL=postgres://amiport@db/amiport amiport serve --no-work',
    ),
  },
});

export const worker = buildCommand({
  loader: async () => ({ default: (await import('./commands/serve.ts')).worker }),
  parameters: { flags: { ...PROCESS_FLAGS, ...OUTPUT_FLAGS }, aliases: { q: 'quiet' }, positional: none },
  docs: {
    brief: 'Carry out what servers were asked for',
    fullDescription: examples(
      'Needs AMIPORT_DATABASE_URL and the configs of the server. SIGTERM: calls in flight finish, the rest is given back.',
      'AMIPORT_DATABASE_URL=postgres://amiport@db/amiport amiport worker --deliveries /etc/amiport',
    ),
  },
});

const ASK_FLAGS = { server: SERVER_FLAGS.server, ...OUTPUT_FLAGS } as const;

export const server = buildRouteMap({
  routes: {
    'make-token': buildCommand({
      loader: async () => ({ default: (await import('./commands/server.ts')).makeToken }),
      parameters: {
        flags: {
          ...ASK_FLAGS,
          role: {
            kind: 'enum',
            values: ['read', 'apply', 'admin'],
            default: 'read',
            brief: 'What its holder may ask for',
          },
          days: {
            kind: 'parsed',
            parse: parsePositive,
            optional: true,
            brief: 'It ends after so many days',
            placeholder: 'n',
          },
        },
        aliases: { q: 'quiet' },
        positional: {
          kind: 'tuple',
          parameters: [{ brief: 'Whose it is, for the audit log', parse: parseText, placeholder: 'name' }],
        },
      },
      docs: {
        brief: 'Make a token; it is shown once',
        fullDescription: examples('Needs the role admin.', 'amiport server make-token ci --role apply --days 90'),
      },
    }),
    tokens: buildCommand({
      loader: async () => ({ default: (await import('./commands/server.ts')).tokens }),
      parameters: { flags: ASK_FLAGS, aliases: { q: 'quiet' }, positional: none },
      docs: { brief: 'List tokens', fullDescription: examples('Needs the role admin.', 'amiport server tokens') },
    }),
    'revoke-token': buildCommand({
      loader: async () => ({ default: (await import('./commands/server.ts')).revokeToken }),
      parameters: {
        flags: ASK_FLAGS,
        aliases: { q: 'quiet' },
        positional: { kind: 'tuple', parameters: [{ brief: 'Id of the token', parse: parseText, placeholder: 'id' }] },
      },
      docs: {
        brief: 'Take a token away',
        fullDescription: examples('Needs the role admin.', 'amiport server revoke-token 0a1b2c3d4e5f'),
      },
    }),
    audit: buildCommand({
      loader: async () => ({ default: (await import('./commands/server.ts')).audit }),
      parameters: { flags: ASK_FLAGS, aliases: { q: 'quiet' }, positional: none },
      docs: {
        brief: 'Who asked the server for what',
        fullDescription: examples(
          'Needs the role admin. Newest first.',
          'amiport server audit',
          'amiport server audit --json',
        ),
      },
    }),
  },
  docs: { brief: 'Administer a server: tokens, audit log' },
});

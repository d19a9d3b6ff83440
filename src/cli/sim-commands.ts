/** The words, flags and help of `amiport sim`. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OUTPUT_FLAGS, parsePort, parsePositive, parseText, parseUsedPort } from './flags.ts';
import { examples, none } from './help.ts';

const CONTROL_FLAGS = {
  port: {
    kind: 'parsed',
    parse: parseUsedPort,
    default: '4599',
    brief: 'Port of the simulator',
    placeholder: 'n',
  },
  token: {
    kind: 'parsed',
    parse: parseText,
    optional: true,
    brief: 'Control token, where this user did not start it (also: AMIPORT_SIM_TOKEN)',
    placeholder: 'token',
  },
  ...OUTPUT_FLAGS,
} as const;

export const sim = buildRouteMap({
  routes: {
    start: buildCommand({
      loader: async () => ({ default: (await import('./commands/sim-start.ts')).start }),
      parameters: {
        flags: {
          port: {
            kind: 'parsed',
            parse: parsePort,
            default: '4599',
            brief: 'Port to listen on; 0 takes a free one',
            placeholder: 'n',
          },
          world: {
            kind: 'parsed',
            parse: parseText,
            optional: true,
            brief: 'World file (YAML); absent: three accounts',
            placeholder: 'file',
          },
          speed: {
            kind: 'parsed',
            parse: parsePositive,
            default: '60',
            brief: 'Simulated seconds per second',
            placeholder: 'x',
          },
          state: {
            kind: 'parsed',
            parse: parseText,
            optional: true,
            brief: 'Keep the state in this folder, safe against crashes',
            placeholder: 'dir',
          },
          quotas: {
            kind: 'parsed',
            parse: parseText,
            default: 'off',
            brief: "Throttle and limit: aws (AWS's quotas), off, or a quota file (YAML)",
            placeholder: 'aws|off|file',
          },
          host: {
            kind: 'parsed',
            parse: parseText,
            optional: true,
            brief: 'Address to listen on; default 127.0.0.1, which no other machine reaches',
            placeholder: 'address',
          },
          ...OUTPUT_FLAGS,
        },
        aliases: { q: 'quiet' },
        positional: none,
      },
      docs: {
        brief: 'Start the simulated AWS',
        fullDescription: examples(
          'Speaks the wire protocols of AWS on one port. Nothing leaves this machine.',
          'amiport sim start',
          'amiport sim start --port 0 --speed 120 --world world.yaml',
          'amiport sim start --state .sim --quotas aws',
          'amiport sim start --quotas quotas.yaml',
        ),
      },
    }),
    env: buildCommand({
      loader: async () => ({ default: (await import('./commands/sim-env.ts')).env }),
      parameters: {
        flags: {
          port: {
            kind: 'parsed',
            parse: parseUsedPort,
            default: '4599',
            brief: 'Port of the simulator',
            placeholder: 'n',
          },
          region: {
            kind: 'parsed',
            parse: parseText,
            default: 'eu-west-1',
            brief: 'Default Region of the clients',
            placeholder: 'region',
          },
        },
        positional: { kind: 'tuple', parameters: [{ brief: 'Account id', parse: parseText, placeholder: 'account' }] },
      },
      docs: {
        brief: 'Print what to export to call it as an account',
        fullDescription: examples(
          'For eval in a shell: AWS CLI, SDKs, Packer and amiport itself then call the simulator.',
          'eval "$(amiport sim env 111111111111)"',
          'aws ec2 describe-images --owners self',
        ),
      },
    }),
    reset: buildCommand({
      loader: async () => ({ default: (await import('./commands/sim-control.ts')).reset }),
      parameters: { flags: CONTROL_FLAGS, aliases: { q: 'quiet' }, positional: none },
      docs: {
        brief: 'Set the running simulator back to the world of its start',
        fullDescription: examples(
          'All that was made since is gone; faults are those of the start, too.',
          'amiport sim reset',
          'amiport sim reset --port 4600',
        ),
      },
    }),
    export: buildCommand({
      loader: async () => ({ default: (await import('./commands/sim-control.ts')).exportTo }),
      parameters: {
        flags: CONTROL_FLAGS,
        aliases: { q: 'quiet' },
        positional: {
          kind: 'tuple',
          parameters: [
            {
              brief: 'World file to write; - or absent: print it',
              parse: parseText,
              placeholder: 'file',
              optional: true,
            },
          ],
        },
      },
      docs: {
        brief: 'Write the world of the running simulator as a world file',
        fullDescription: examples(
          'Says at its head what such a file cannot hold; to keep everything, start with --state.',
          'amiport sim export world.yaml',
          'amiport sim start --world world.yaml',
        ),
      },
    }),
    world: buildRouteMap({
      routes: {
        check: buildCommand({
          loader: async () => ({ default: (await import('./commands/sim-world.ts')).check }),
          parameters: {
            flags: OUTPUT_FLAGS,
            aliases: { q: 'quiet' },
            positional: { kind: 'tuple', parameters: [{ brief: 'World file', parse: parseText, placeholder: 'file' }] },
          },
          docs: {
            brief: 'Check a world file: mistakes with line and column (exit 2)',
            fullDescription: examples('', 'amiport sim world check world.yaml'),
          },
        }),
      },
      docs: { brief: 'World files' },
    }),
  },
  docs: { brief: 'The simulated AWS: any SDK, AWS CLI or Packer is its client' },
});

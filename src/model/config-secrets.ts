/** The shape of `policy.secrets`: what an audit must say before an image is shared, exceptions, and rules of one's own. */
import { z } from 'zod';
import { mapping } from './config-mapping.ts';
import * as w from './config-words.ts';

const severity = z.enum(['low', 'medium', 'high', 'critical']);

const exception = mapping({
  rule: z.string().min(1).optional().meta({ description: 'id of a rule; default: any' }),
  gap: z.string().min(1).optional().meta({ description: 'code of something that could not be scanned' }),
  path: z.string().min(1).optional().meta({ description: 'path; * stands for anything but /, ** for anything' }),
  image: w.imageName.optional().meta({ description: 'only this image; default: all' }),
  reason: z
    .string()
    .min(1, { error: () => w.say('an exception needs a reason', 'write who accepted it, and why') })
    .meta({ description: 'why it is accepted' }),
  expires: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, {
      error: ({ input }) => w.say(`"${input}" is not a day`, 'write expires: "2027-03-31"'),
    })
    .meta({ description: 'last day on which it counts, UTC' }),
});

const rule = mapping({
  id: z.string().regex(/^[a-z][a-z0-9-]{1,63}$/, {
    error: ({ input }) => w.say(`"${input}" is no id of a rule`, 'write small letters, digits and -: corp-token'),
  }),
  severity: severity.default('high'),
  keywords: z
    .array(z.string().min(4, { error: () => w.say('a keyword needs four characters or more') }))
    .min(1)
    .meta({ description: 'what stands in such a secret or just before it; the pattern is tried around it' }),
  pattern: z
    .string()
    .refine(isPattern, { error: ({ input }) => w.say(`${JSON.stringify(input)} is not a usable regular expression`) })
    .meta({ description: 'regular expression; group 1, or else all of it, is the secret' }),
  ignoreCase: z.boolean().default(false),
  why: z.string().default('a secret of your own kind, by a rule of amiport.yaml'),
  remedy: z.string().default('revoke it where it was issued, and build the image without it'),
});

function isPattern(text: string): boolean {
  try {
    return !new RegExp(text).test('');
  } catch {
    return false;
  }
}

export const secretsPolicy = mapping({
  block: z
    .array(severity)
    .min(1, { error: () => w.say('secrets.block is empty', 'write block: [high]') })
    .default(['high'])
    .meta({ description: 'findings of these severities block, and all graver ones' }),
  allowShared: z
    .enum(['unencrypted-only-if-clean', 'only-if-clean', 'always'])
    .default('unencrypted-only-if-clean')
    .meta({ description: 'which images need an audit that passes before they are shared' }),
  allow: z.array(exception).default([]).meta({ description: 'findings and gaps that are accepted for a time' }),
  rules: z.array(rule).default([]).meta({ description: 'rules of your own, beside those amiport brings' }),
});

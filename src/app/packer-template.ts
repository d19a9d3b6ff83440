/** What amiport looks for in a Packer template: declared variables, and settings that do amiport's own work. */
import { type Reason, reason } from '../base/outcome.ts';

export function declaredVariables(template: string, text: string): ReadonlySet<string> {
  if (!template.endsWith('.json'))
    return new Set([...text.matchAll(/^\s*variable\s+"([^"]+)"/gm)].flatMap((m) => m[1] ?? []));
  try {
    const parsed = JSON.parse(text) as { readonly variables?: Readonly<Record<string, unknown>> };
    return new Set(Object.keys(parsed.variables ?? {}));
  } catch {
    // Packer says what is wrong with it, better than this could.
    return new Set();
  }
}

/** Source: Packer documentation, amazon-ebs builder. */
const DOES_OUR_WORK: Readonly<Record<string, string>> = {
  ami_regions: 'copies the image to other Regions',
  ami_users: 'shares the image',
  ami_groups: 'shares the image',
  ami_org_arns: 'shares the image',
  ami_ou_arns: 'shares the image',
  snapshot_users: 'shares the snapshots',
  snapshot_groups: 'shares the snapshots',
  encrypt_boot: 'encrypts the image',
  kms_key_id: 'encrypts the image under a key of its own',
  region_kms_key_ids: 'encrypts the copies under keys of its own',
};

/** A template that copies, shares or encrypts does it outside the plan: it costs copies, and nothing proves the result. */
export function overlaps(template: string, text: string): readonly Reason[] {
  return Object.entries(DOES_OUR_WORK)
    .filter(([name]) => new RegExp(template.endsWith('.json') ? `"${name}"\\s*:` : `^\\s*${name}\\s*=`, 'm').test(text))
    .map(([name, what]) =>
      reason(
        'packer.template.overlap',
        template,
        `${template} ${what} itself (${name}), which amiport does with a plan and a proof`,
        {
          remedy: { who: 'you', does: `take ${name} out of the template` },
        },
      ),
    );
}

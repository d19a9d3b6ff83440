/** Proofs in the formats that CI systems read. Sources: OASIS SARIF 2.1.0; the JUnit XML of the Ant task, as CI systems take it. */
import type { Proof } from '../app/api.ts';
import type { Reason } from '../base/outcome.ts';
import { VERSION } from './version.ts';

const LEVEL = { 'can-launch': 'none', 'cannot-launch': 'error', unknown: 'warning' } as const;

const launchOf = (p: Proof): string => `${p.image} in ${p.account}/${p.region} as ${p.launcher}`;
const remedyText = (r: Reason): string => (r.remedy === undefined ? '' : ` Fix: ${r.remedy.who}: ${r.remedy.does}.`);

/** One result for each launcher and missing link; rules are the codes of the reasons. */
export function sarif(proofs: readonly Proof[], configFile: string): object {
  const against = proofs.filter((p) => p.verdict !== 'can-launch');
  const codes = [...new Set(against.flatMap((p) => p.reasons.map((r) => r.code)))].toSorted();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'amiport',
            version: VERSION,
            rules: codes.map((id) => ({ id, shortDescription: { text: id } })),
          },
        },
        results: against.flatMap((p) =>
          p.reasons.map((r) => ({
            ruleId: r.code,
            level: LEVEL[p.verdict],
            message: { text: `${launchOf(p)}: ${r.says}.${remedyText(r)}` },
            locations: [
              {
                physicalLocation: { artifactLocation: { uri: configFile } },
                logicalLocations: [{ fullyQualifiedName: `${p.account}/${p.region}/${p.launcher}`, kind: 'resource' }],
              },
            ],
            partialFingerprints: { link: `${p.image}|${p.account}|${p.region}|${p.launcher}|${r.code}|${r.subject}` },
          })),
        ),
      },
    ],
  };
}

/** A suite for each place, a case for each launcher: failed where it cannot launch, in error where it could not be told. */
export function junit(proofs: readonly Proof[]): string {
  const places = new Map<string, Proof[]>();
  for (const p of proofs) {
    const name = `${p.account}/${p.region}`;
    places.set(name, [...(places.get(name) ?? []), p]);
  }
  const suites = [...places].map(([name, all]) => {
    const count = (verdict: Proof['verdict']) => all.filter((p) => p.verdict === verdict).length;
    const counts = `tests="${all.length}" failures="${count('cannot-launch')}" errors="${count('unknown')}"`;
    return `  <testsuite name="${xml(name)}" ${counts}>\n${all.map(caseOf).join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="amiport verify">\n${suites.join('')}</testsuites>\n`;
}

function caseOf(p: Proof): string {
  const head = `    <testcase classname="${xml(`${p.account}.${p.region}`)}" name="${xml(`${p.image} as ${p.launcher}`)}"`;
  if (p.verdict === 'can-launch') return `${head}/>\n`;
  const tag = p.verdict === 'unknown' ? 'error' : 'failure';
  const says = p.reasons.map((r) => `${r.says}.${remedyText(r)}`).join('\n');
  return `${head}>\n      <${tag} message="${xml(p.reasons[0]?.code ?? p.verdict)}">${xml(says)}</${tag}>\n    </testcase>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd').replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c);

/** A comparison as a page of HTML, with a bar chart for each number that differs. */
import type { Compared, Counted, ImageCompared, WayRow } from '../app/api.ts';
import { COUNTS, imageAdvice, shown } from './compare-table.ts';
import { escaped, page, tableOf } from './html.ts';

export function compareHtml({ fleet, ways, advice, assumptions, prices, images }: Compared): string {
  const title = `${fleet.images.length} images to ${fleet.accounts} accounts in ${fleet.regions} Regions`;
  const told: readonly (readonly [string, (w: WayRow) => string])[] = [
    ['by hand', (w) => w.byHand.join('; ')],
    ['when an account leaves', (w) => w.whenAnAccountLeaves],
    ['one leaked key opens', (w) => w.oneLeakedKey],
  ];
  const cells = (label: string, of: (w: WayRow) => string): string =>
    `<tr><th>${escaped(label)}</th>${ways.map((w) => `<td>${of(w)}</td>`).join('')}</tr>`;
  const number = (c: Counted, unit: string): string =>
    `<span title="${escaped(c.how)}">${escaped(shown(c, unit))}</span>`;
  return page(
    title,
    [
      `<h1>${escaped(title)}</h1>`,
      `<p><strong>${escaped(advice.way ?? 'No advice yet')}</strong>: ${escaped(advice.because)}.</p>`,
      tableOf(
        ['', ...ways.map((w) => w.way)],
        [
          ...COUNTS.map(([label, of, unit]) => cells(label, (w) => number(of(w), unit))),
          ...told.map(([label, of]) => cells(label, (w) => escaped(of(w)))),
        ],
      ),
      ...COUNTS.map(([label, of, unit]) => chart(label, ways, of, unit)),
      ...(images.length > 1 ? ['<h2>Each image alone</h2>', ...images.map(imageHtml)] : []),
      '<h2>How the numbers came about</h2>',
      ...ways.map(
        (w) =>
          `<h3>${escaped(w.way)}</h3><ul>${COUNTS.map(([label, of, unit]) => `<li>${escaped(`${label} = ${shown(of(w), unit)}: ${of(w).how}`)}</li>`).join('')}</ul>`,
      ),
      `<ul>${[...assumptions, ...Object.entries(prices).map(([name, p]) => `${name}: ${p.usd} USD per ${p.per} (${p.source})`)].map((a) => `<li>${escaped(a)}</li>`).join('')}</ul>`,
    ].join('\n'),
  );
}

function imageHtml(image: ImageCompared): string {
  const rows = COUNTS.map(
    ([label, of, unit]) =>
      `<tr><th>${escaped(label)}</th>${image.ways.map((w) => `<td><span title="${escaped(of(w).how)}">${escaped(shown(of(w), unit))}</span></td>`).join('')}</tr>`,
  );
  const head = ['', ...image.ways.map((w) => (w.way === image.way ? `${w.way} (now)` : w.way))];
  return `<h3>${escaped(image.name)}</h3><p>${escaped(imageAdvice(image))}.</p><details><summary>Numbers</summary>${tableOf(head, rows)}</details>`;
}

const BAR_WIDTH = 420;
const ROW_HEIGHT = 22;
const LABEL_WIDTH = 250;

/** Bars from zero on, so that lengths can be compared; nothing where all are alike. */
function chart(label: string, ways: readonly WayRow[], of: (w: WayRow) => Counted, unit: string): string {
  const values = ways.map((w) => of(w).value);
  const most = Math.max(...values);
  if (new Set(values).size === 1) return '';
  const bars = ways.map((w, i) => {
    const y = i * ROW_HEIGHT;
    // Something is never nothing.
    const width = of(w).value === 0 ? 0 : Math.max(1, Math.round((of(w).value / most) * BAR_WIDTH));
    return `<text x="0" y="${y + 15}">${escaped(w.way)}</text><rect x="${LABEL_WIDTH}" y="${y + 4}" width="${width}" height="14" fill="#4477aa"/><text x="${LABEL_WIDTH + width + 6}" y="${y + 15}">${escaped(shown(of(w), unit))}</text>`;
  });
  const width = LABEL_WIDTH + BAR_WIDTH + 140;
  return `<h3>${escaped(label)}</h3><svg role="img" aria-label="${escaped(label)}" viewBox="0 0 ${width} ${ways.length * ROW_HEIGHT}" width="${width}">${bars.join('')}</svg>`;
}

/** A page of HTML in one file: no scripts, nothing fetched; readable at the width of a telephone, too. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>
:root{--back:#fff;--text:#1b1f24;--line:#d8dee4;--bar:#4477aa;--bad:#b3161b;--warn:#8a5a00;--dim:#57606a;--good:#116329}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:var(--text);background:var(--back)}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n{text-align:right}td.most{width:99%}td.most~td{white-space:nowrap}
code{font:.87em ui-monospace,monospace;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25;overflow-wrap:anywhere}
small{color:var(--dim)}
.critical,.high,.findings{color:var(--bad)}.medium,.not-fully-scanned{color:var(--warn)}.low{color:var(--dim)}.clean{color:var(--good)}
.note{border-left:4px solid var(--warn);padding:.1rem 1rem;margin:1rem 0}
.wide{overflow-x:auto}
.step{min-width:16rem}
.wide th:first-child{position:sticky;left:0;background:var(--back)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(28rem,100%),1fr));gap:0 2.5rem}
.bars{display:grid;grid-template-columns:fit-content(42%) 1fr;gap:.1rem .7rem;font-size:.87rem}
.bars b{display:flex;align-items:center;gap:.4rem;white-space:nowrap;font-weight:normal}
.bars i{height:.85rem;background:var(--bar)}
@media(max-width:40rem){body{font-size:14px;margin:1rem auto;padding:0 .75rem}th,td{padding:.3rem .35rem}h1{font-size:1.4rem}}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--line:#30363d;--bar:#6b9bd1;--bad:#ff7b72;--warn:#e3b341;--dim:#9ea7b3;--good:#56d364}a{color:#79b8ff}}
</style></head><body>
${body}
</body></html>
`;

export const tableOf = (head: readonly string[], rows: readonly string[]): string =>
  `<div class="wide"><table><thead><tr>${head.map((h) => `<th>${escaped(h)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;

export const listOf = (items: readonly string[]): string =>
  `<ul>${items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;

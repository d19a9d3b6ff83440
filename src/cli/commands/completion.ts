/** `amiport completion bash|zsh|fish`: scripts that ask `amiport __complete` at each Tab, so they never grow old. */
import { reason } from '../../base/outcome.ts';
import type { Context } from '../context.ts';
import { Printer } from '../print.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  // COMP_WORDS splits at "=" and ":", which no word of amiport needs.
  bash: `_amiport() {
  local IFS=$'\\n'
  COMPREPLY=($(amiport __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then compopt -o default 2>/dev/null; fi
}
complete -F _amiport amiport
`,
  zsh: `#compdef amiport
_amiport() {
  local -a proposals
  proposals=("\${(@f)$(amiport __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  proposals=(\${proposals:#})
  if (( \${#proposals} )); then compadd -a proposals; else _files; fi
}
compdef _amiport amiport
`,
  fish: `function __amiport_complete
  set -l words (commandline -opc) (commandline -ct)
  amiport __complete -- $words[2..-1] 2>/dev/null
end
complete -c amiport -a '(__amiport_complete)'
`,
};

export default function completion(this: Context, _flags: object, shell: string): void {
  const printer = new Printer(this, { json: false, quiet: false, noColor: false });
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script !== undefined) {
    printer.raw(script);
    return;
  }
  this.process.exitCode = printer.bad({
    reason: reason('cli.shell.unknown', shell, `there is no completion for "${shell}", only for bash, zsh and fish`),
    problems: [],
  });
}

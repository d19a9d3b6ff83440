/** How amiport words what is wrong with the words it was called with: as all its errors, and naming the value. */
import {
  AliasNotFoundError,
  type ApplicationText,
  ArgumentParseError,
  EnumValidationError,
  FlagNotFoundError,
  text_en,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from '@stricli/core';

export const WORDING: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: ({ input, corrections }) =>
    `error: there is no command "${input}"${meant(corrections)} (amiport --help lists them)`,
  exceptionWhileParsingArguments: (exc) => `error: ${mistake(exc)}`,
  exceptionWhileRunningCommand: bug,
  exceptionWhileLoadingCommandFunction: bug,
};

/** Commands answer with reasons and exit codes; what they throw was not foreseen. */
function bug(exc: unknown): string {
  if (isOfTheMachine(exc)) return `error: ${exc.message}`;
  return `error: this is a bug in amiport: ${exc instanceof Error ? (exc.stack ?? exc.message) : String(exc)}`;
}

/** No right, no room, no such place: the message names the file. */
const isOfTheMachine = (exc: unknown): exc is NodeJS.ErrnoException =>
  exc instanceof Error &&
  'path' in exc &&
  ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EISDIR'].includes(
    (exc as NodeJS.ErrnoException).code ?? '',
  );

function mistake(exc: unknown): string {
  if (exc instanceof FlagNotFoundError)
    return `there is no flag --${exc.input} here${meant(exc.corrections.map((c) => `--${c}`))}`;
  if (exc instanceof AliasNotFoundError) return `there is no flag -${exc.input} here`;
  if (exc instanceof ArgumentParseError) return badValue(exc);
  if (exc instanceof EnumValidationError)
    return `--${exc.externalFlagName} wants ${oneOf(exc.values)}, not "${exc.input}"`;
  if (exc instanceof UnsatisfiedFlagError)
    return `--${exc.externalFlagName} wants a value${exc.nextFlagName === undefined ? '' : `, but --${exc.nextFlagName} follows`}`;
  if (exc instanceof UnexpectedFlagError)
    return `--${exc.externalFlagName} is given twice: "${exc.previousInput}" and "${exc.input}"`;
  if (exc instanceof UnexpectedPositionalError) return `"${exc.input}" is one argument too many`;
  if (exc instanceof UnsatisfiedPositionalError) return `the argument <${exc.placeholder}> is missing`;
  return exc instanceof Error ? exc.message : String(exc);
}

/** Our parsers say what they want; the parser of switches takes no word of ours. */
function badValue({ externalFlagNameOrPlaceholder: flag, exception, input }: ArgumentParseError): string {
  const says = exception instanceof Error ? exception.message : String(exception);
  return says.startsWith('wants') ? `--${flag} ${says}` : `--${flag} is a switch and takes no value, not "${input}"`;
}

const meant = (corrections: readonly string[]): string =>
  corrections.length === 0 ? '' : `; did you mean ${corrections.map((c) => c.replaceAll('`', '')).join(' or ')}?`;

/** `a`, `a or b`, `a, b or c`. */
const oneOf = (values: readonly string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

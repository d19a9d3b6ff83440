/** Where a file stands says what it is for: documentation, translations, what a library brings for its own tests. */

/** Words about passwords, not passwords. */
export const PROSE =
  /(?:^|\/)(?:usr\/share\/(?:doc|man|info|locale|help|perl|vim|bash-completion|zsh|fish|i18n)|README|CHANGELOG|LICENSE|NEWS)|(?:^|\/)(?:locales?|i18n|l10n|translations|botocore\/data|awscli\/(?:data|examples|topics))\/|\.(?:dist|egg)-info(?:\/(?:METADATA|PKG-INFO))?$|\.d\.[cm]?ts$/i;

const LIBRARY = /\/(?:lib\/python[\d.]+|site-packages|dist-packages|node_modules|gems|go\/pkg\/mod)\/(.*)$/;
const TEST = /(?:^|\/)(?:tests?|testing|spec)\/|(?:^|\/)(?:tests?(?:[_-][\w-]+)?|[\w-]+[._-](?:test|spec))\.\w+$/;

/** What libraries and languages bring for their own tests is published with them: worth a line, no alarm. */
export const isOfTests = (path: string): boolean => TEST.test(LIBRARY.exec(path)?.[1] ?? '');

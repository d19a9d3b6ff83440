/** Rules for passwords and tokens that only their surroundings give away: URLs, connection strings, assignments, headers. */
import { isPassword, isPlaceholder, isPublished } from '../plausible.ts';
import { type Judgement, type Rule, type Scene, token } from '../rule.ts';
import { isOfTests, PROSE } from './places.ts';

const TEXT = {
  why: 'whoever can launch the image can use it wherever the service can be reached, and where the password is used twice, there too',
  remedy:
    'change it where it is checked; have instances fetch it at first boot (Secrets Manager, SSM Parameter Store, instance role); build the image without it',
};

/** Languages: there, an unquoted value is an expression. */
const PROGRAM =
  /\.(?:py|pyi|pyc|pl|pm|rb|js|mjs|cjs|ts|mts|cts|tsx|jsx|c|cc|cpp|h|hpp|go|rs|java|kt|scala|cs|php|lua|el|vim|tcl|erl|ex|hs|ml|swift|m|r|awk|css|html?|xhtml|md|rst|adoc|tex|po|pot|mo|xsd|dtd|xsl|map|ipynb|svg|diff|patch|1|3|5|7|8)(?:\.gz)?$/i;
const CONFIG =
  /\.(?:env|conf|cfg|cnf|ini|properties|ya?ml|toml|json|tfvars|tfstate|service|sh|bash|zsh|envrc|rc|sql|xml|plist|desktop|credentials|secrets?|txt|log|local|production|prod|staging|dev|ps1|tf|hcl|cf|netrc|inc|bak|old|orig|save|backup|history|dockerfile|j2)(?:\.\w{1,6})?$|(?:^|\/)(?:\.env[\w.-]*|\.\w+rc|\.\w*_history|\.?profile|Dockerfile|Makefile|credentials|config|secrets?|environment|user-data(?:\.txt)?)$|^\/?(?:etc|opt|srv|root|home|var\/(?:lib|www|tmp|backups|spool|local)|tmp|run)\//i;

const judged = (secret: string, { path, text }: Scene, sure: boolean): Judgement => {
  if (!text || PROSE.test(path) || !isPassword(secret, sure)) return false;
  if (PROGRAM.test(path) && !(isPassword(secret, false) && /\d/.test(secret) && secret.length >= 8)) return false;
  return isOfTests(path) ? 'low' : true;
};

/** Unquoted values count in files that assign without quotes. */
const unquoted = (secret: string, scene: Scene): Judgement =>
  CONFIG.test(scene.path) && !PROGRAM.test(scene.path) && judged(secret, scene, false);

/** A token that says where a list goes on, or which call is meant, opens nothing. */
const NAMES =
  'passw(?:or)?ds?|passphrase|passwd|secret|(?<!client|(?:next|page|continuation|request|idempotency|creation|change|lock|update|action|input|output|starting|forward|backward|publickey)[_-]?)token|api[_-]?key|access[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|credential|pwd|_pass(?!w|[a-z])|storepass|(?<![a-z])pass(?=["\']?\\s{0,2}[=:])';
/** What may follow the name of a secret before the value: the rest of the identifier, never `_file`, `_path`, `_hash` and the like. */
const NO_SECRET =
  'file|path|dir|hash|salt|policy|length|len|min|max|type|name|prompt|expir|ttl|url|uri|field|label|hint|id|arn|count|age|format|regex|class|store|manager|provider|endpoint|source|version|auth(?:entication)?|encryption|algorithm|method|scheme|mechanism|prefix|suffix|process|status|header|ref|title|message|time|date|used|enabled?|required|command|cmd|program|helper|list|size|mode';
const REST = `(?!\\w{0,24}(?:${NO_SECRET})s?["']?\\s{0,8}[=:])[\\w.-]{0,24}`;

/** The same, where the name is itself a value. */
const REST_OF_NAME = `(?!\\w{0,24}(?:${NO_SECRET})s?["'\\s])[\\w.-]{0,24}`;

/** Flags that programs take a secret by, after a blank; those with `=` are assignments. */
const FLAGS = [
  'password',
  'passwd',
  'passphrase',
  'token',
  'secret',
  'secret-key',
  'api-key',
  'apikey',
  'auth-token',
  'access-token',
  'client-secret',
] as const;

/** `…:111111111111:secret:prod/db` is the ARN of a secret; `AWS::IAM::AccessKey` a kind of resource. */
const NO_NAME_OF_AWS = '(?<!\\d{6}:|AWS::\\w{1,24}::\\w{0,24})';

const ASSIGNED = {
  keywords: [
    'passw',
    'passphrase',
    'secret',
    'token',
    'apikey',
    'api_key',
    'api-key',
    'access_key',
    'accesskey',
    'auth_key',
    'authkey',
    'encryption_key',
    'signing_key',
    'credential',
    '_pwd',
    'pwd=',
    '_pass',
    'storepass',
    'pass=',
    'pass: ',
    'pass":',
    'pwd: ',
    'pwd":',
  ],
  generic: true,
  severity: 'medium',
  before: 64,
  after: 300,
  ...TEXT,
} as const;

/** A token beside `Bearer` or `Basic`; user and password, where it is Basic. */
const basic = (encoded: string): boolean => {
  if (isPublished(encoded)) return false;
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('latin1').split(':');
  const password = rest.join(':');
  return /^[\x21-\x7e]{1,100}$/.test(user) && /^[\x20-\x7e]{4,200}$/.test(password) && !isPlaceholder(password);
};

export const PASSWORD_RULES: readonly Rule[] = [
  token({
    id: 'password-in-url',
    what: 'a password in a URL',
    ...TEXT,
    keywords: ['://']
      .map((k) => `${k}`)
      .flatMap((k) =>
        [
          'ftp',
          'http',
          'https',
          'ssh',
          'git',
          'smtp',
          'smtps',
          'imap',
          'ldap',
          'ldaps',
          'amqp',
          'amqps',
          'mqtt',
          'rtsp',
          'socks5',
          'sftp',
          'nats',
          'ws',
          'wss',
          'ftps',
          'svn',
          'proxy',
        ].map((s) => `${s}${k}`),
      ),
    pattern:
      /[a-z][a-z\d+.-]{1,14}:\/\/[^\s:@/?#"'<>(){}|\\^`]{0,80}:([^\s@/?#"'<>()|\\^`]{3,200})@[A-Za-z0-9[][^\s"'<>]{0,10}/iy,
    severity: 'high',
    check: (secret, scene) => credible(secret, scene),
  }),
  token({
    id: 'database-url',
    what: 'a database URL with its password',
    ...TEXT,
    keywords: [
      'postgres://',
      'postgresql://',
      'mysql://',
      'mysql2://',
      'mariadb://',
      'mongodb://',
      'mongodb+srv://',
      'redis://',
      'rediss://',
      'mssql://',
      'sqlserver://',
      'clickhouse://',
      'cockroachdb://',
      'oracle://',
      'db2://',
      'cassandra://',
      'couchdb://',
      'neo4j://',
      'bolt://',
      '+psycopg2://',
      '+pymysql://',
      '+asyncpg://',
      '+mysqldb://',
      '+psycopg://',
    ],
    pattern:
      /[a-z+][a-z\d+.]{1,18}:\/\/[^\s:@/?#"'<>(){}|\\^`]{0,80}:([^\s@/"'<>()|\\^`]{2,200})@[A-Za-z0-9[][^\s"'<>]{0,10}/iy,
    severity: 'critical',
    check: (secret, scene) => credible(secret, scene),
  }),
  token({
    id: 'connection-string',
    what: 'a connection string with its password',
    ...TEXT,
    keywords: ['password=', 'pwd='],
    pattern: /(?:password|pwd)=([^\s;"'<>&]{4,120})(?=[;"'])/iy,
    before: 250,
    check: (secret, { around, text }) =>
      text &&
      /(?:server|data source|host|addr(?:ess)?|initial catalog|database|user id|uid)\s?=[^;]{1,120};/i.test(around) &&
      isPassword(secret, true),
  }),
  token({
    id: 'jdbc-password',
    what: 'a JDBC URL with its password',
    ...TEXT,
    keywords: ['jdbc:'],
    pattern: /jdbc:[a-z\d:]{2,30}[^\s"'<>?;]{3,120}[?;][^\s"'<>]{0,160}?password=([^\s&;"'<>]{3,120})/iy,
    check: (secret) => isPassword(secret, true),
  }),
  token({
    id: 'authorization-header',
    what: 'an Authorization header',
    ...TEXT,
    keywords: ['authorization'],
    pattern: /authorization["']?\s{0,3}[:=,]\s{0,3}["']?basic\s{1,3}([A-Za-z0-9+/]{8,400}={0,2})(?![A-Za-z0-9+/])/iy,
    after: 520,
    check: (encoded) => basic(encoded),
  }),
  token({
    id: 'bearer-token',
    what: 'a bearer token',
    ...TEXT,
    severity: 'medium',
    keywords: ['bearer '],
    pattern: /bearer\s([A-Za-z0-9_.~+/-]{20,500}={0,2})(?![A-Za-z0-9])/iy,
    after: 620,
    generic: true,
    check: (secret, scene) =>
      scene.text && !PROSE.test(scene.path) && /\d/.test(secret) && judged(secret, scene, false),
  }),
  token({
    id: 'curl-user',
    what: 'a user and password on a command line',
    ...TEXT,
    keywords: ['curl ', 'wget '],
    pattern:
      /(?:curl|wget)(?=\s)[^\r\n]{0,200}?\s(?:-u|--user|--password=|--http-password=|--proxy-user)[ =]?["']?(?:[\w.@-]{1,60}:)?([^\s"':]{4,120})/iy,
    check: (secret, scene) => scene.text && CONFIG.test(scene.path) && isPassword(secret, true) && !/^-/.test(secret),
  }),
  token({
    id: 'command-password',
    what: 'a password on a command line',
    ...TEXT,
    keywords: [
      'sshpass ',
      'mysql ',
      'mysqldump ',
      'mysqladmin ',
      'PGPASSWORD=',
      'MYSQL_PWD=',
      'docker login',
      'chpasswd',
      'redis-cli ',
      'ldapsearch ',
      'htpasswd ',
      'REDISCLI_AUTH=',
      'openssl ',
      'az login',
      'smbclient ',
      'kinit ',
    ],
    pattern:
      /(?:sshpass\s[^\n]{0,20}?-p\s?|mysql(?:dump|admin)?\s[^\r\n|;]{0,120}?\s-p|(?:PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH)=|docker login\s[^\r\n|;]{0,160}?(?:-p|--password)[ =]|redis-cli\s[^\r\n|;]{0,120}?\s-a\s|ldapsearch\s[^\r\n|;]{0,160}?\s-w\s|htpasswd\s[^\r\n|;]{0,20}b\w{0,3}\s\S{1,80}\s\S{1,60}\s|openssl\s[^\r\n|;]{0,160}?\bpass(?:in|out)?\s?:?pass:|az login\s[^\r\n|;]{0,160}?(?:-p|--password)\s|smbclient\s[^\r\n|;]{0,120}?-U\s[\w\\.-]{1,60}%)(["']?[^\s"'|;&]{4,120})/y,
    check: (secret, scene) =>
      scene.text &&
      !PROSE.test(scene.path) &&
      !PROGRAM.test(scene.path) &&
      isPassword(secret.replace(/^["']/, ''), true) &&
      !/^-/.test(secret),
  }),
  token({
    id: 'chpasswd-line',
    what: 'a password piped to a command that asks for one',
    ...TEXT,
    keywords: ['chpasswd', 'passwd --stdin', '--password-stdin', 'sudo -S', 'realm join'],
    pattern:
      /echo\s{1,3}(?:-e\s)?["']?(?:[a-z_][\w-]{0,31}:)?([^\s"'|]{4,100})["']?\s{0,3}\|\s{0,3}(?:sudo\s)?(?:\/usr\/sbin\/)?(?:chpasswd|passwd\s[^\n]{0,30}--stdin|[^\n|]{1,80}--password-stdin|-S\s|realm\sjoin)/g,
    at: 'window',
    before: 180,
    after: 20,
    check: (secret, scene) => scene.text && !PROSE.test(scene.path) && isPassword(secret, true),
  }),
  token({
    id: 'command-flag',
    what: 'a password, token or key on a command line',
    ...TEXT,
    severity: 'medium',
    generic: true,
    keywords: FLAGS.map((flag) => `--${flag} `),
    pattern: new RegExp(`--(?:${FLAGS.join('|')})[ \\t]{1,4}["']?([^\\s"'|;&<>()]{6,160})`, 'iy'),
    check: (secret, scene) => !/^-/.test(secret) && unquoted(secret, scene),
  }),
  token({
    ...ASSIGNED,
    id: 'password-beside-name',
    what: 'a password, token or key beside its name (XML, environments of containers, parameters)',
    pattern: new RegExp(
      `(?:${NAMES})${REST_OF_NAME}["']?(?:\\s{1,8}value=|\\s{0,8},\\s{0,40}"(?:Parameter)?Value"\\s{0,4}:\\s{0,4}|[ \\t]{0,4}\\r?\\n[ \\t]{1,60}value:[ \\t]{1,8})["']?([^"'\\s]{4,160})`,
      'iy',
    ),
    check: (secret, scene) => judged(secret, scene, true),
  }),
  token({
    id: 'ssm-secure-string',
    what: 'a SecureString of Parameter Store, as it was printed',
    ...TEXT,
    keywords: ['SecureString'],
    pattern: /SecureString"\s{0,4},\s{0,40}"Value"\s{0,4}:\s{0,4}"([^"\r\n]{4,280})"/y,
    // Without --with-decryption it is printed as KMS left it.
    check: (secret) => !/^AQ[IE]C/.test(secret) && isPassword(secret.slice(0, 200), true),
  }),
  token({
    id: 'sql-password',
    what: 'a password in a statement of SQL',
    ...TEXT,
    keywords: ['identified by', "password '"],
    pattern: /(?:identified\s{1,4}by|(?:role|user)\s{1,4}\S{1,64}\s[^;\n]{0,80}?password)\s{1,4}'([^'\r\n]{4,120})'/gi,
    at: 'window',
    before: 180,
    after: 140,
    check: (secret, scene) =>
      scene.text && CONFIG.test(scene.path) && !PROGRAM.test(scene.path) && judged(secret, scene, true),
  }),
  token({
    ...ASSIGNED,
    id: 'password-assigned',
    what: 'a password, token or key in an assignment',
    pattern: new RegExp(
      `${NO_NAME_OF_AWS}(?:${NAMES})${REST}\\\\?["'\`]?\\]?\\s{0,6}(?:=>|:=|[=:])\\s{0,6}[bru]?\\\\?(?<quote>["'\`])(?<secret>[^\\r\\n"'\`\\\\]{4,160})\\\\?\\k<quote>`,
      'iy',
    ),
    check: (secret, scene) => !/\s.*\s/.test(secret) && judged(secret, scene, true),
  }),
  token({
    ...ASSIGNED,
    id: 'password-unquoted',
    what: 'a password, token or key in a setting',
    pattern: new RegExp(
      `${NO_NAME_OF_AWS}(?:${NAMES})${REST}["']?\\s{0,6}(?:=>|:=|[=:])[ \\t]{0,6}([^\\s"'\`,;<>(){}\\[\\]]{6,160})(?=[\\s,;"']|$)`,
      'iy',
    ),
    check: unquoted,
  }),
];

/** The password of a URL: no reference, no example, no host that documentation uses. */
function credible(secret: string, { path, around, text }: Scene): Judgement {
  if (
    isPlaceholder(secret) ||
    /^(?:password|passwd|pass|pwd|secret|token|user|username|pw|port|\d{1,5}(?:,.*)?)$/i.test(secret)
  )
    return false;
  if (
    PROSE.test(path) ||
    /@(?:[\w.-]*\.)?(?:example\.(?:com|org|net)|host(?:name)?|server|domain\.tld|x\.y)\b/i.test(around)
  )
    return false;
  if (!text || PROGRAM.test(path)) return isPassword(secret, false) && /\d/.test(secret) && secret.length >= 8;
  return isPassword(secret, true);
}

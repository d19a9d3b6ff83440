/**
 * What looks like a secret and is none, as images of distributions and of applications hold it; and beside most of it the real thing in
 * the same kind of file. A root is clean with the first, and with the second exactly the second is found.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { ALNUM, B64, HEX, randomFill, URL64 } from '../../src/audit/rules/fill.testdata.ts';

const fill = randomFill(40);
const hex = (length: number): string => fill(HEX, length);
const sri = (): string => `sha512-${createHash('sha512').update(hex(8)).digest('base64')}`;
const uuid = (): string => [8, 4, 4, 4, 12].map(hex).join('-');
const password = (): string => `${fill(ALNUM, 13)}7q`;
const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
/** One line of authorized_keys: the type, then the key, each with its length before it. */
const sshKey = (): string => {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const part = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([part(Buffer.from('ssh-ed25519')), part(raw)]).toString('base64')}`;
};
/** As AWS's and other documentation prints them. Parts, so that no scanner of sources trips. */
const EXAMPLE = {
  id: `${'AKIA'}IOSFODNN7EXAMPLE`,
  otherId: `${'AKIA'}I44QH8DHBEXAMPLE`,
  secret: ['wJalrXUtnFEMI', '/K7MDENG', '/bPxRfiCYEXAMPLEKEY'].join(''),
  otherSecret: ['je7MtGbClwBF', '/2Zp9Utk', '/h3yCo8nvbEXAMPLEKEY'].join(''),
  jwt: [
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
    'eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ',
    'SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
  ].join('.'),
};

/** Files of a package: a key in it is in every copy of the distribution. */
export const PACKAGED: Readonly<Record<string, string>> = {
  '/usr/share/tls-tests/server.key': rsa.privateKey,
  '/usr/share/tls-tests/server.pub': rsa.publicKey,
  '/usr/share/tls-tests/settings.ini': `[test]\npassword = ${password()}\n`,
};

const accounts = `root:*:19700:0:99999:7:::
daemon:!:19700:0:99999:7:::
bin:!*:19700:0:99999:7:::
ec2-user:!!:19700:0:99999:7:::
sshd:!$6$:19700::::::
nobody:*LK*:19700:0:99999:7:::
`;

const templated = `database:
  password: \${DB_PASSWORD}
  admin_password: "{{ vault_admin_password }}"
  replica_password: {{ .Values.replica.password }}
  secret: <%= ENV['APP_SECRET'] %>
  api_token: '%(API_TOKEN)s'
  signing_key: @SIGNING_KEY@
  token: $(cat /run/secrets/token)
  backup_password: !vault |
    $ANSIBLE_VAULT;1.1;AES256
  eyaml_password: ENC[PKCS7,${fill(B64, 120)}=]
  sops_password: ENC[AES256_GCM,data:${fill(B64, 12)},iv:${fill(B64, 43)}=,tag:${fill(B64, 22)}==,type:str]
  rds_password: '{{resolve:secretsmanager:prod/db:SecretString:password}}'
  master_secret: arn:aws:secretsmanager:eu-west-1:111111111111:secret:prod/db-${fill(ALNUM, 6)}
  vault_token: op://servers/database/password
  ssm_password: ssm:/prod/db/password
  default_password: changeme
  other_password: CHANGE_ME
  masked_password: "********"
  empty_password: ""
  password_file: /run/secrets/db_password
  password_min_length: 12
`;

const env = `API_KEY=your-api-key-here
SECRET_KEY=change-me-in-production
ACCESS_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxx
AUTH_TOKEN=<your token>
PASSWORD=
SMTP_PASSWORD=example
STRIPE_SECRET_KEY=sk_test_replace_me
`;

const urls = `postgres://user:password@localhost:5432/app
mysql://root:secret@db.example.com/app
redis://:\${REDIS_PASSWORD}@redis:6379/0
amqp://guest:guest@localhost:5672
mongodb://<user>:<password>@cluster0.example.net/
https://user:pass@example.com/path
postgresql://{{ db_user }}:{{ db_password }}@{{ db_host }}/app
`;

const kubeconfig = (user: string): string => `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: https://10.0.0.1, certificate-authority-data: ${fill(B64, 400)} } }]
users:
- name: u
  user:
${user}`;

const dist = '/usr/local/aws-cli/v2/current/dist';
/** What the AWS CLI's installer, pip and npm leave, which no package of the system owns: of the kinds that are in these trees. */
const AWS_CLI: Readonly<Record<string, string>> = {
  [`${dist}/botocore/data/sqs/2012-11-05/paginators-1.json`]:
    '{ "ListQueues": { "input_token": "NextToken", "output_token": "NextMarker" } }',
  [`${dist}/botocore/data/iam/2010-05-08/examples-1.json`]: `{ "NewPassword": "]35d/{pB9Fo9wJ", "PasswordLastUsed": "2016-09-08T21:47:36Z", "ClientToken": "${uuid()}" }`,
  [`${dist}/awscli/examples/wafv2/get-ip-set.rst`]: `"LockToken":"${uuid()}",\n"NextToken": "${fill(B64, 80)}"\n`,
  [`${dist}/awscli/examples/iam/change-password.rst`]:
    '{ "OldPassword": "3s0K_;xh4~8XXI", "NewPassword": "]35d/{pB9Fo9wJ" }\n',
  [`${dist}/awscli/examples/sts/assume-role.rst`]: `"SessionToken": "${['IQoJb3JpZ2luX2VjEOz', '////////////////////wEXAMPLE'].join('')}${fill(B64, 300)}"\n`,
  [`${dist}/awscli/examples/ecr/get-url.rst`]: `https://x.s3.amazonaws.com/layer?X-Amz-Credential=${'AKIA'}32P3D2JDNMVAJLGF%2F20200206&X-Amz-Signature=${hex(64)}\n`,
  [`${dist}/awscli/customizations/wizard/wizards/configure/_main.yml`]:
    'aws_secret_access_key: "{secret_key}"\ncredential_process: "{creds_process}"\n',
  '/opt/app/node_modules/@aws-sdk/client-sqs/package.json':
    '{ "dependencies": { "@aws-sdk/credential-provider-node": "^3.972.97", "@smithy/credential-provider-imds": "~4.5.2" } }',
  '/opt/app/node_modules/@aws-sdk/client-iam/dist-types/commands/CreateLoginProfileCommand.d.ts':
    ' *   Password: "h]6EszR}vJ*m",\n',
  '/opt/app/cloudformation/kinds.json': `{ "AWS::IAM::AccessKey": "${hex(16)}", "AWS::MSK::BatchScramSecret": "${hex(16)}" }`,
  '/opt/app/venv/lib/python3.12/site-packages/authlib/grants.py': `Authorization: Basic ${['czZCaGRSa3F0Mz', 'pnWDFmQmF0M2JW'].join('')}\n"access_token":"${['2YotnFZFEj', 'r1zCsicMWpAA'].join('')}"\n`,
  '/opt/app/venv/lib/python3.12/site-packages/pymysql-1.2.dist-info/METADATA': `connect(password='${password()}')\n`,
  '/opt/app/venv/lib/python3.12/site-packages/httpx/_urls.py':
    'url = httpx.URL("HTTPS://jo%40email.com:a%20secret@m\u00fcller.de:1234/")\n',
  '/opt/app/queries.json': `{ "ClientToken": "${uuid()}", "NextToken": "${fill(B64, 60)}", "publicKeyToken": "${hex(16)}" }`,
  '/etc/postgresql/postgresql.conf': '#password_encryption = scram-sha-256\tpassword_encryption = scram-sha-256\n',
  '/opt/app/Makefile': 'DOWNLOAD = wget -O $@ --no-use-server-timestamps\n',
};

/** Nothing of these is a secret. */
export const DECOYS: Readonly<Record<string, string>> = {
  '/etc/shadow': accounts,
  '/etc/gshadow': 'root:*::\ndaemon:!::\nwheel:!::ec2-user\n',
  '/etc/machine-id': 'uninitialized\n',
  ...AWS_CLI,
  '/opt/handbook/aws.md': `aws configure\n  AWS Access Key ID: ${EXAMPLE.id}\n  aws_secret_access_key = ${EXAMPLE.secret}\n${EXAMPLE.otherId} ${EXAMPLE.otherSecret}\n`,
  '/root/.aws/credentials': `[default]\naws_access_key_id = ${EXAMPLE.id}\naws_secret_access_key = ${EXAMPLE.secret}\n`,
  '/root/.aws/config':
    '[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111111111111:role/deploy\ncredential_source = Ec2InstanceMetadata\n',
  '/opt/handbook/keys.md': '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq...\n...\n-----END PRIVATE KEY-----\n',
  '/opt/handbook/jwt.md': `curl -H "Authorization: Bearer ${EXAMPLE.jwt}" https://api.example.com\n`,
  '/root/.ssh/authorized_keys': `# ${sshKey()} admin@corp\n#${sshKey()} old\n\n`,
  '/root/.ssh/known_hosts': `github.com ${sshKey()}\n|1|${fill(B64, 27)}=|${fill(B64, 27)}= ${sshKey()}\n`,
  '/etc/ssh/ssh_host_ed25519_key.pub': `${sshKey()} root@build\n`,
  '/etc/ssh/sshd_config':
    'PasswordAuthentication no\nPermitRootLogin prohibit-password\nAuthorizedKeysFile .ssh/authorized_keys\n',
  '/root/.netrc':
    'machine api.example.com\n  login YOUR_USER\n  password YOUR_PASSWORD\nmachine b.example.com login x password <password>\n',
  '/root/.npmrc': `//registry.example.com/:_authToken=\${NPM_TOKEN}\n`,
  '/root/.docker/config.json':
    '{ "credsStore": "ecr-login", "credHelpers": { "111111111111.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login" } }\n',
  '/root/.kube/config': kubeconfig('    exec: { command: aws, args: [eks, get-token] }\n'),
  '/etc/app/config.yml': templated,
  '/srv/app/.env.example': env,
  '/srv/app/urls.conf': urls,
  '/srv/app/deploy.yaml':
    'env:\n- name: DB_PASSWORD\n  valueFrom: { secretKeyRef: { name: db, key: password } }\n- name: TOKEN_TTL\n  value: "3600"\n',
  '/srv/app/variables.tf': 'variable "db_password" {\n  type      = string\n  sensitive = true\n}\n',
  '/srv/app/locale/de.json':
    '{ "password": "Passwort", "enter_password": "Geben Sie Ihr Passwort ein", "token": "Wertmarke" }\n',
  '/srv/app/package-lock.json': JSON.stringify({
    packages: Object.fromEntries(
      [...Array(40).keys()].map((i) => [`node_modules/token-${i}`, { version: '1.0.0', integrity: sri() }]),
    ),
  }),
  '/srv/app/yarn.lock': `token@^1.0.0:\n  version "1.0.0"\n  resolved "https://registry.example.com/token/-/token-1.0.0.tgz#${hex(40)}"\n  integrity ${sri()}\n`,
  '/srv/app/Cargo.lock': `[[package]]\nname = "secrecy"\nversion = "0.8.0"\nchecksum = "${hex(64)}"\n`,
  '/srv/app/go.sum': `golang.org/x/oauth2 v0.1.0 h1:${fill(B64, 43)}=\n`,
  '/srv/app/requirements.txt': `passlib==1.7.4 \\\n    --hash=sha256:${hex(64)} \\\n    --hash=sha256:${hex(64)}\n`,
  '/srv/app/checksums.txt': [...Array(50)].map(() => `${hex(64)}  token.tar.gz`).join('\n'),
  '/srv/app/uuids.txt': [...Array(200)].map(uuid).join('\n'),
  '/srv/app/digests.txt': [...Array(20)].map(() => `app@sha256:${hex(64)}`).join('\n'),
  '/srv/app/.git/packed-refs': `# pack-refs with: peeled fully-peeled sorted\n${hex(40)} refs/heads/main\n${hex(40)} refs/tags/v1\n`,
  '/srv/app/page.html': `<img alt="password" src="data:image/png;base64,iVBORw0KGgo${fill(B64, 3000)}"><input type="password" name="token" value="">\n`,
  '/srv/app/font.css': `@font-face { src: url(data:font/woff2;base64,${fill(B64, 4000)}) }\n`,
  '/etc/ssl/ours/bundle.pem': [...Array(20)]
    .map(() => `-----BEGIN CERTIFICATE-----\n${fill(B64, 1400).replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`)
    .join(''),
  '/etc/ssl/ours/signer.pem': rsa.publicKey,
  '/etc/apt/ours.asc': `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${fill(B64, 1600).replace(/.{64}/g, '$&\n')}\n-----END PGP PUBLIC KEY BLOCK-----\n`,
  '/etc/login.defs': 'PASS_MAX_DAYS 99999\nPASS_MIN_LEN 12\nENCRYPT_METHOD YESCRYPT\n',
  '/etc/cloud/cloud.cfg': 'ssh_pwauth: false\nsystem_info:\n  default_user: { name: ec2-user, lock_passwd: true }\n',
};

export const TEST_KEY = '/usr/local/lib/python3.13/test/certdata/ssl_key.pem';

/** The real thing in the same kind of file: its path, the rule that finds it, the content. */
export const REAL: readonly (readonly [path: string, rule: string, content: string])[] = [
  ['/etc/shadow-', 'shadow-hash', `${accounts}admin:$6$${fill(ALNUM, 16)}$${fill(ALNUM, 86)}:19700:0:99999:7:::\n`],
  ['/opt/notes/aws.md', 'aws-secret-access-key', `aws_secret_access_key = ${fill(B64, 40)}\n`],
  ['/var/lib/dev/.aws/credentials', 'aws-credentials-file', `[default]\naws_secret_access_key = ${fill(B64, 40)}\n`],
  // The same key that a package ships, elsewhere.
  ['/srv/tls/server.key', 'private-key', rsa.privateKey],
  // Made by the package's script when it was installed, so of this image only, and the same in all its instances.
  [
    '/etc/ssl/private/ssl-cert-snakeoil.key',
    'private-key',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ],
  // A language's own test key, of low severity.
  [TEST_KEY, 'private-key', rsa.privateKey],
  [
    '/opt/notes/jwt.md',
    'jwt',
    `${json({ alg: 'HS256', typ: 'JWT' })}.${json({ sub: hex(8), scope: 'admin' })}.${fill(URL64, 43)}\n`,
  ],
  ['/var/lib/dev/.ssh/authorized_keys', 'authorized-key', `# kept\n${sshKey()} admin@corp\n`],
  ['/var/lib/dev/.netrc', 'netrc', `machine api.internal login ci password ${password()}\n`],
  ['/var/lib/dev/.npmrc', 'npmrc', `//registry.internal/:_authToken=${hex(36)}\n`],
  [
    '/var/lib/dev/.docker/config.json',
    'docker-config',
    JSON.stringify({ auths: { r: { auth: Buffer.from(`ci:${password()}`).toString('base64') } } }),
  ],
  ['/var/lib/dev/.kube/config', 'kubeconfig', kubeconfig(`    token: ${fill(ALNUM, 60)}\n`)],
  ['/etc/app/production.yml', 'password-unquoted', `database:\n  password: ${password()}\n`],
  ['/srv/app/.env', 'database-url', `DATABASE_URL=postgres://app:${password()}@db.internal:5432/app\n`],
];

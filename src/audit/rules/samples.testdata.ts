/**
 * What each rule must find and must leave alone. Forms are filled with random characters for the first, with one and the same
 * for the second; nothing here has the shape of a secret until it is put together, so that no scanner of sources trips.
 */
import { generateKeyPairSync } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  ALNUM,
  B64,
  BASE32,
  type Fill,
  type Form,
  HEX,
  LETTERS,
  password,
  randomFill,
  sameFill,
  UPPER,
  URL64,
  withBase62Crc,
} from './fill.testdata.ts';
import { SERVER_FORMS } from './servers.testdata.ts';

export interface Sample {
  readonly rule: string;
  readonly path?: string;
  readonly hit: string;
  readonly miss: string;
}

const uuid: (f: Fill) => string = (f) => [8, 4, 4, 4, 12].map((n) => f(HEX, n)).join('-');
const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** One and the same character in place of random ones makes each of these no secret. */
const FORMS: readonly Form[] = [
  ['aws-access-key-id', (f) => `id = ${'AK'}IA${f(BASE32, 16)}\n`],
  ['aws-secret-access-key', (f) => `aws_secret_access_key = ${f(B64, 40)}\n`],
  ['aws-secret-by-key-id', (f) => `${'AK'}IA${f(BASE32, 16)}:${f(B64, 40)}\n`],
  ['aws-session-token', (f) => `x=${'IQoJb3Jp'}Z2lu${f(B64, 300)}`.replace(/A{300}/, 'A-')],
  ['aws-bedrock-key', (f) => `k=${'ABSKQmVkcm9j'}a0FQSUtleS${f(B64, 100)}`.replace(/A{100}/, 'A')],
  ['aws-mws-token', (f) => `t=amzn.${'mws'}.${uuid(f).slice(0, f === sameFill ? 30 : 36)}`],
  [
    'gcp-service-account',
    (f) => `{"type":"service_account","private_key_id": "${f(HEX, 40)}","private_key":"-----BEGIN`,
  ],
  ['google-api-key', (f) => `key: ${'AI'}za${f(URL64, 35)} `],
  ['google-oauth-secret', (f) => `"${'GOC'}SPX-${f(URL64, 28)}"`],
  ['google-refresh-token', (f) => `"refresh_token": "1/${'/0'}${f(URL64, 60)}"`],
  ['azure-storage-key', (f) => `AccountKey=${f(B64, 86)}==;`],
  ['azure-shared-access-key', (f) => `Endpoint=sb://x/;SharedAccessKey=${f(B64, 43)}=`],
  ['azure-sas', (f) => `https://a.blob.core.windows.net/c?sv=1&sig=${f(ALNUM, 43)}%3D`],
  ['azure-client-secret', (f) => `client_secret: ${f(ALNUM, 3)}8Q${'~'}${f(ALNUM, 34)}\n`],
  ['azure-devops-pat', (f) => `pat ${f(ALNUM, 76)}${'AZ'}DO${f(ALNUM, 4)}\n`],
  ['digitalocean-token', (f) => `${'dop_'}v1_${f(HEX, 64)}`],
  ['digitalocean-spaces-key', (f) => `SPACES_SECRET_KEY=${f(B64, 43)}\n`],
  ['alibaba-access-key-id', (f) => `${'LT'}AI${f(ALNUM, 20)}\n`],
  ['alibaba-secret', (f) => `accessKeySecret: ${f(ALNUM, 30)}\n`],
  ['oracle-cloud-passphrase', (f) => `pass_phrase=${f(ALNUM, 14)}\n`],
  ['oracle-cloud-secret', (f) => `OCI_AUTH_TOKEN=${f(ALNUM, 24)}\n`],
  ['ibm-cloud-key', (f) => `IBMCLOUD_API_KEY=${f(URL64, 44)}\n`],
  ['tencent-secret-id', (f) => `${'AK'}ID${f(ALNUM, 32)}\n`],
  ['scaleway-secret', (f) => `SCW_SECRET_KEY=${uuid(f)}\n`],
  ['hetzner-token', (f) => `HCLOUD_TOKEN=${f(ALNUM, 64)}\n`],
  ['linode-token', (f) => `LINODE_TOKEN=${f(HEX, 64)}\n`],
  ['vultr-key', (f) => `VULTR_API_KEY=${f(`${UPPER}234567`, 36)}\n`],
  ['cloudflare-token', (f) => `CLOUDFLARE_API_TOKEN=${f(URL64, 40)}\n`],
  ['cloudflare-origin-key', (f) => `k: v1.0-${f(HEX, 24)}-${f(HEX, 146)}\n`],
  ['heroku-key', (f) => `HEROKU_API_KEY=${uuid(f)}\n`],
  ['flyio-token', (f) => `FlyV1 ${'fm'}2_${f(B64, 200)}==\n`],
  ['yandex-key', (f) => `${'AQ'}VN${f(URL64, 36)}\n`],
  ['ovh-secret', (f) => `application_secret=${f(ALNUM, 32)}\n`],
  ['openstack-secret', (f) => `application_credential_secret: ${f(URL64, 80)}\n`],
  ['github-token', (f) => (f === sameFill ? `ghp${'_'}${f(ALNUM, 36)}` : withBase62Crc(`ghp${'_'}`, f(ALNUM, 30)))],
  ['github-fine-grained-token', (f) => `github_${'pat'}_${f(ALNUM, 22)}_${f(ALNUM, 59)}`],
  ['gitlab-token', (f) => `gl${'pat'}-${f(URL64, 20)}\n`],
  ['bitbucket-token', (f) => `AT${'BB'}${f(ALNUM, 32)}\n`],
  ['atlassian-token', (f) => `AT${'ATT3xFfG'}F0${f(URL64, 180)}=\n`],
  ['npm-token', (f) => (f === sameFill ? `npm${'_'}${f(ALNUM, 36)}` : withBase62Crc(`npm${'_'}`, f(ALNUM, 30)))],
  ['pypi-token', (f) => `pypi-${'AgE'}IcHlwaS5vcmc${f(URL64, 150)}`],
  ['rubygems-token', (f) => `rubygems${'_'}${f(HEX, 48)}`],
  ['crates-token', (f) => `token = "${'ci'}o${f(ALNUM, 32)}"`],
  ['nuget-key', (f) => `NUGET_KEY=${'oy'}2${f(`${UPPER.toLowerCase()}0123`, 43)}\n`],
  ['docker-token', (f) => `dckr_${'pat'}_${f(URL64, 27)}\n`],
  ['artifactory-token', (f) => `AK${'Cp'}${f(ALNUM, 69)}\n`],
  ['slack-token', (f) => `xo${'xb'}-${f('1234567890', 12)}-${f('1234567890', 12)}-${f(ALNUM, 24)}\n`],
  ['slack-webhook', (f) => `https://hooks.${'slack'}.com/services/T${f(UPPER, 9)}/B${f(UPPER, 10)}/${f(ALNUM, 24)}`],
  ['stripe-key', (f) => `sk_${'live'}_${f(ALNUM, 40)}\n`],
  ['stripe-test-key', (f) => `sk_${'test'}_${f(ALNUM, 40)}\n`],
  ['stripe-webhook-secret', (f) => `wh${'sec'}_${f(ALNUM, 32)}\n`],
  ['sendgrid-key', (f) => `SENDGRID_API_KEY=SG${'.'}${f(URL64, 22)}.${f(URL64, 43)}\n`],
  ['twilio-key', (f) => `TWILIO_AUTH_TOKEN=${f(HEX, 32)}\n`],
  ['mailgun-key', (f) => `MAILGUN_API_KEY=key-${f(HEX, 32)}\n`],
  ['mailchimp-key', (f) => `MAILCHIMP_KEY=${f(HEX, 32)}-us12\n`],
  ['telegram-bot-token', (f) => `telegram ${f('1234567890', 9)}:AA${f(URL64, 33)}\n`],
  ['discord-token', (f) => `discord M${f(URL64, 25)}.${f(URL64, 6)}.${f(URL64, 38)}\n`],
  [
    'teams-webhook',
    (f) =>
      `https://x.webhook.office.com/webhookb2/${uuid(f)}@${uuid(f)}/IncomingWebhook/${f(HEX, f === sameFill ? 30 : 32)}/${uuid(f)}`,
  ],
  ['openai-key', (f) => `sk-${'proj'}-${f(URL64, 60)}T3Blbk${'FJ'}${f(URL64, 60)}\n`],
  ['anthropic-key', (f) => `sk-${'ant'}-api03-${f(URL64, 93)}AA\n`],
  ['huggingface-token', (f) => `HF_TOKEN=hf${'_'}${f(LETTERS, 34)}\n`],
  ['groq-key', (f) => `gs${'k_'}${f(ALNUM, 52)}\n`],
  ['xai-key', (f) => `xa${'i-'}${f(ALNUM, 80)}\n`],
  ['perplexity-key', (f) => `pp${'lx-'}${f(ALNUM, 48)}\n`],
  ['replicate-token', (f) => `REPLICATE_API_TOKEN=r8${'_'}${f(ALNUM, 37)}\n`],
  ['vault-token', (f) => `hv${'s.'}${f(URL64, 90)}\n`],
  ['terraform-cloud-token', (f) => `${f(ALNUM, 14)}.atlas${'v1'}.${f(ALNUM, 67)}\n`],
  ['pulumi-token', (f) => `pu${'l-'}${f(HEX, 40)}\n`],
  ['databricks-token', (f) => `da${'pi'}${f(HEX, 32)}\n`],
  ['grafana-token', (f) => grafana(f)],
  ['newrelic-key', (f) => `NR${'AK-'}${f(`${UPPER}0123456789`, 27)}\n`],
  ['datadog-key', (f) => `DD_API_KEY=${f(HEX, 32)}\n`],
  ['sentry-token', (f) => `sntr${'yu_'}${f(HEX, 64)}\n`],
  ['sonar-token', (f) => `sq${'p_'}${f(HEX, 40)}\n`],
  ['circleci-token', (f) => `CCI${'PAT_'}${f(ALNUM, 22)}_${f(HEX, 40)}\n`.replace(/A{22}_0{40}/, 'A')],
  ['buildkite-token', (f) => `bk${'ua_'}${f(HEX, 40)}\n`],
  ['snyk-token', (f) => `SNYK_TOKEN=${uuid(f)}\n`],
  ['tailscale-key', (f) => `ts${'key-'}auth-${f(ALNUM, 12)}-${f(ALNUM, 32)}\n`],
  ['postman-key', (f) => `PM${'AK-'}${f(HEX, 24)}-${f(HEX, 34)}\n`],
  ['shopify-token', (f) => `sh${'pat_'}${f(HEX, 32)}\n`],
  ['square-token', (f) => `sq0${'csp-'}${f(URL64, 43)}\n`],
  ['paypal-braintree-token', (f) => `access_token$${'production'}$${f(HEX, 16)}$${f(HEX, f === sameFill ? 20 : 32)}\n`],
  ['linear-key', (f) => `lin_${'api_'}${f(ALNUM, 40)}\n`],
  ['notion-token', (f) => `nt${'n_'}${f('1234567890', 11)}${f(ALNUM, 35)}\n`],
  ['figma-token', (f) => `fi${'gd_'}${f(URL64, 40)}\n`],
  ['dropbox-token', (f) => `DROPBOX=s${'l.'}${f(URL64, 140)}\n`],
  ['planetscale-token', (f) => `psca${'le_tkn_'}${f(URL64, 43)}\n`],
  ['doppler-token', (f) => `dp.${'pt.'}${f(ALNUM, 43)}\n`],
  ['supabase-token', (f) => `sb${'p_'}${f(HEX, 40)}\n`],
  ['netlify-token', (f) => `nf${'p_'}${f(ALNUM, 36)}\n`],
  ['sourcegraph-token', (f) => `sg${'p_'}${f(HEX, 40)}\n`],
  ['airtable-token', (f) => `AIRTABLE=pat${f(ALNUM, 14)}.${f(HEX, 64)}\n`],
  ['octopus-key', (f) => `AP${'I-'}${f(`${UPPER}0123456789`, 26)}\n`],
  ['prefect-key', (f) => `pn${'u_'}${f(ALNUM, 36)}\n`],
  ['onepassword-token', (f) => `op${'s_eyJ'}${f(URL64, 400)}\n`],
  ['elastic-key', (f) => `Authorization: ApiKey ${f(B64, 58)}==\n`],
  ['azure-functions-key', (f) => `${f(URL64, 44)}Az${'Fu'}${f(URL64, 5)}A==\n`],
  ['jenkins-master-key', (f) => `{AQA${'AABAAAA'}Q${f(B64, 60)}=}`],
  ['age-key', (f) => `AGE-${'SECRET'}-KEY-1${f('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', f === sameFill ? 50 : 58)}\n`],
  ['wireguard-key', (f) => `PrivateKey = ${f(B64, 42)}E=\n`],
  ['private-key-jwk', (f) => `{"kty":"EC","crv":"P-256","d":"${f(URL64, 43)}"}`],
  [
    'jwt',
    (f) =>
      `t=${json(f === sameFill ? { alg: 'none' } : { alg: 'HS256' })}.${json({ sub: '1', name: 'somebody' })}.${f(URL64, 43)}`,
  ],
  [
    'dnssec-key',
    (f) =>
      `Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: ${f(B64, f === sameFill ? 5 : 43)}=\n`,
  ],
  [
    'gpg-agent-key',
    (f) => `${f === sameFill ? '(21:protected-private-key(' : '(11:private-key('}3:rsa(1:n257:${f(ALNUM, 60)}`,
  ],
  [
    'openvpn-static-key',
    (f) =>
      `-----BEGIN Open${'VPN'} Static key V1-----\n${f(HEX, f === sameFill ? 20 : 512)}\n-----END OpenVPN Static key V1-----`,
    '/etc/openvpn/ta.key',
  ],
];

function grafana(f: Fill): string {
  const random = f(ALNUM, 32);
  return `gl${'sa_'}${random}_${crc32(random).toString(16).padStart(8, '0')}\n`;
}

/** A reference in place of a password makes each of these no secret. */
const PASSWORDS: readonly Form[] = [
  ['password-in-url', (f) => `https://deploy:${password(f)}@git.corp.io/x.git`, '/etc/app.conf'],
  ['database-url', (f) => `DATABASE_URL=postgres://app:${password(f)}@db.corp.io:5432/app`, '/srv/app/.env'],
  ['connection-string', (f) => `"Server=db;Database=x;User Id=sa;Password=${password(f)};"`, '/srv/appsettings.json'],
  ['jdbc-password', (f) => `jdbc:mysql://db:3306/x?user=app&password=${password(f)}`, '/srv/app.properties'],
  [
    'authorization-header',
    (f) => `Authorization: Basic ${Buffer.from(`user:${password(f)}`).toString('base64')}`,
    '/srv/x.conf',
  ],
  ['bearer-token', (f) => `Authorization: Bearer ${f(ALNUM, 40)}`, '/srv/x.sh'],
  ['curl-user', (f) => `curl -u admin:${password(f)} https://x.corp.io`, '/root/setup.sh'],
  ['command-password', (f) => `sshpass -p ${password(f)} ssh root@x`, '/root/setup.sh'],
  ['chpasswd-line', (f) => `echo "root:${password(f)}" | chpasswd`, '/root/setup.sh'],
  ['password-assigned', (f) => `db_password = "${password(f)}"\n`, '/srv/settings.ini'],
  ['password-unquoted', (f) => `DB_PASSWORD=${password(f)}\n`, '/srv/app/.env'],
  [
    'docker-config',
    (f) => `{"auths":{"r.corp.io":{"auth":"${Buffer.from(`u:${password(f)}`).toString('base64')}"}}}`,
    '/root/.docker/config.json',
  ],
  ['npmrc', (f) => `//r.corp.io/:_authToken=${password(f)}\n`, '/root/.npmrc'],
  ['pypirc', (f) => `[pypi]\nusername = __token__\npassword = ${password(f)}\n`, '/root/.pypirc'],
  ['pip-index-password', (f) => `index-url = https://u:${password(f)}@pip.corp.io/simple`, '/etc/pip.conf'],
  ['netrc', (f) => `machine x.corp.io login u password ${password(f)}\n`, '/root/.netrc'],
  ['apt-auth', (f) => `machine apt.corp.io login u password ${password(f)}\n`, '/etc/apt/auth.conf.d/corp.conf'],
  ['maven-settings', (f) => `<server><password>${password(f)}</password></server>`, '/root/.m2/settings.xml'],
  ['gradle-properties', (f) => `nexusPassword=${password(f)}\n`, '/root/.gradle/gradle.properties'],
  ['nuget-config', (f) => `<add key="ClearTextPassword" value="${password(f)}" />`, '/root/.nuget/NuGet/NuGet.Config'],
  [
    'composer-auth',
    (f) => `{"http-basic":{"r.io":{"username":"u","password":"${password(f)}"}}}`,
    '/root/.composer/auth.json',
  ],
  ['gem-credentials', (f) => `---\n:corp_api_key: ${password(f)}\n`, '/root/.gem/credentials'],
  ['cargo-credentials', (f) => `[registry]\ntoken = "${password(f)}"\n`, '/root/.cargo/credentials.toml'],
  ['git-credentials', (f) => `https://u:${password(f)}@git.corp.io\n`, '/root/.git-credentials'],
  [
    'git-config-credentials',
    (f) => `[remote "origin"]\n\turl = https://u:${password(f)}@git.corp.io/x.git\n`,
    '/srv/app/.git/config',
  ],
  ['hub-token', (f) => `github.com:\n  oauth_token: ${password(f)}${password(f)}\n`, '/root/.config/gh/hosts.yml'],
  ['kubeconfig', (f) => `users:\n- user:\n    token: ${password(f)}\n`, '/root/.kube/config'],
  ['kubernetes-join-token', (f) => `K3S_TOKEN=${password(f)}\n`, '/etc/systemd/system/k3s.service.env'],
  ['aws-credentials-file', (f) => `secret_key = ${f === sameFill ? 'x' : f(B64, 40)}\n`, '/root/.s3cfg'],
  [
    'gcloud-credentials',
    (f) => `{"client_secret": "${f === sameFill ? 'x' : f(URL64, 24)}"}`,
    '/root/.config/gcloud/application_default_credentials.json',
  ],
  [
    'azure-cli-tokens',
    (f) => `{"secret": "${f === sameFill ? 'x' : f(URL64, 60)}"}`,
    '/root/.azure/msal_token_cache.json',
  ],
  ['oracle-cloud-config', (f) => `[DEFAULT]\npass_phrase=${password(f)}\n`, '/root/.oci/config'],
  ['aliyun-config', (f) => `"access_key_secret": "${f === sameFill ? '' : f(ALNUM, 30)}"`, '/root/.aliyun/config.json'],
  [
    'bluemix-config',
    (f) => `{"IAMRefreshToken": "${f === sameFill ? '' : f(URL64, 80)}"}`,
    '/root/.bluemix/config.json',
  ],
  ['doctl-config', (f) => `access-token: ${f === sameFill ? '""' : f(HEX, 64)}\n`, '/root/.config/doctl/config.yaml'],
  [
    'terraform-credentials',
    (f) => `credentials "app" { token = "${password(f)}${password(f)}" }`,
    '/root/.terraformrc',
  ],
  ['vault-token-file', (f) => (f === sameFill ? '\n' : f(URL64, 40)), '/root/.vault-token'],
  ['pgpass', (f) => `db:5432:app:app:${password(f)}\n`, '/root/.pgpass'],
  ['my-cnf', (f) => `[client]\npassword = ${password(f)}\n`, '/root/.my.cnf'],
  ['wordpress-config', (f) => `define('DB_PASSWORD', '${password(f)}');`, '/var/www/wp-config.php'],
  ['rclone-config', (f) => `[s]\ntype = sftp\npass = ${password(f)}\n`, '/root/.config/rclone/rclone.conf'],
  ['wifi-password', (f) => `network={\n  psk="${password(f)}"\n}`, '/etc/wpa_supplicant/wpa_supplicant.conf'],
  ['vpn-password', (f) => `user * ${password(f)} *\n`, '/etc/ppp/chap-secrets'],
  ['mail-password', (f) => `[smtp.corp.io]:587 u:${password(f)}\n`, '/etc/postfix/sasl_passwd'],
  ['terraform-variables', (f) => `db_password = "${password(f)}"\n`, '/srv/infra/prod.tfvars'],
  ['terraform-state', (f) => `{"version":4,"x":{"master_password":"${password(f)}"}}`, '/srv/infra/terraform.tfstate'],
  ['ansible-inventory-password', (f) => `h1 ansible_ssh_pass=${password(f)}\n`, '/srv/ansible/hosts'],
  ['ansible-vault-password', (f) => (f === sameFill ? 'changeme\n' : `${password(f)}\n`), '/root/.vault_pass'],
];

const hash = randomFill(99)(ALNUM, 86);
const key = (f: Fill): string => `ssh-ed25519 AAAA${'C3NzaC1lZDI1NTE5'}${f(B64, 52)}`;

/** Traces: what must be found, and the same file as it is on a machine that was cleaned. */
const TRACES: readonly Sample[] = [
  {
    rule: 'shadow-hash',
    path: '/etc/shadow',
    hit: `root:$6$salt$${hash}:19000:0:99999:7:::\n`,
    miss: 'root:*:19000:0:99999:7:::\nx:!:1::::::\ny:!!:1::::::\n',
  },
  { rule: 'empty-password', path: '/etc/shadow', hit: 'app::19000:0:99999:7:::\n', miss: 'app:!:19000:0:99999:7:::\n' },
  {
    rule: 'passwd-hash',
    path: '/etc/passwd',
    hit: `app:$6$salt$${hash}:1:1::/:/bin/sh\n`,
    miss: 'app:x:1:1::/:/bin/sh\n',
  },
  {
    rule: 'htpasswd-hash',
    path: '/etc/nginx/.htpasswd',
    hit: `u:$apr1$salt$${hash.slice(0, 22)}\n`,
    miss: '# u:nothing\n',
  },
  {
    rule: 'authorized-key',
    path: '/root/.ssh/authorized_keys',
    hit: `${key(randomFill(5))} me@laptop\n`,
    miss: `# ${key(randomFill(5))}\n`,
  },
  {
    rule: 'packer-key',
    path: '/root/.ssh/authorized_keys',
    hit: `${key(randomFill(6))} packer_6543abcd-1234\n`,
    miss: `${key(randomFill(6))} me\n`,
  },
  { rule: 'machine-id', path: '/etc/machine-id', hit: `${randomFill(7)(HEX, 32)}\n`, miss: 'uninitialized\n' },
  {
    rule: 'dhcp-lease',
    path: '/var/lib/dhcp/dhclient.eth0.leases',
    hit: 'lease {\n  fixed-address 10.0.0.7;\n}\n',
    miss: '\n',
  },
  { rule: 'random-seed', path: '/var/lib/systemd/random-seed', hit: randomFill(8)(ALNUM, 64), miss: '' },
  { rule: 'shell-history', path: '/root/.bash_history', hit: 'ls -la\nwhoami\n', miss: '\n' },
  {
    rule: 'cloud-init-user-data',
    path: '/var/lib/cloud/instance/user-data.txt',
    hit: '#cloud-config\npassword: hello\n',
    miss: '#cloud-config\n{}\n',
  },
  {
    rule: 'cloud-init-instance-data',
    path: '/run/cloud-init/instance-data-sensitive.json',
    hit: '{"base64_encoded_keys": [], "ds": {}}',
    miss: '',
  },
  {
    rule: 'terraform-state-file',
    path: '/srv/terraform.tfstate',
    hit: '{"version": 4, "terraform_version": "1.9.0", "lineage": "x"}',
    miss: '{}',
  },
  { rule: 'packer-leftover', path: '/tmp/script_1234.sh', hit: '#!/bin/sh\ntrue\n', miss: '' },
  { rule: 'ansible-leftover', path: '/root/.ansible/tmp/x/AnsiballZ_setup.py', hit: '#!/usr/bin/python\n', miss: '' },
  { rule: 'jenkins-secret', path: '/var/lib/jenkins/secrets/master.key', hit: randomFill(9)(HEX, 256), miss: '' },
  {
    rule: 'ci-runner-credential',
    path: '/etc/gitlab-runner/config.toml',
    hit: `token = "${randomFill(10)(ALNUM, 20)}"`,
    miss: 'token = ""',
  },
  {
    rule: 'puppet-chef-salt-key',
    path: '/etc/chef/encrypted_data_bag_secret',
    hit: randomFill(11)(B64, 300),
    miss: '',
  },
  { rule: 'registration-id', path: '/var/lib/amazon/ssm/registration', hit: '{"ManagedInstanceID":"mi-1"}', miss: '' },
  {
    rule: 'kubernetes-service-account-token',
    path: '/run/secrets/kubernetes.io/serviceaccount/token',
    hit: `${json({ alg: 'RS256' })}.${json({ sub: 'x' })}.abc`,
    miss: 'x',
  },
  { rule: 'keystore', path: '/etc/app/server.p12', hit: `0\x82\x01\x00${'\x01'.repeat(70)}`, miss: 'text' },
  {
    rule: 'keytab',
    path: '/etc/krb5.keytab',
    hit: `\x05\x02${'\x01'.repeat(40)}`,
    miss: `\x05\x09${'\x01'.repeat(40)}`,
  },
  ...keySamples(),
];

function keySamples(): readonly Sample[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const open = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const body = randomFill(12)(B64, 120);
  const ppk = (encryption: string) =>
    `PuTTY-User-${'Key'}-File-3: ssh-ed25519\nEncryption: ${encryption}\nComment: x\nPublic-Lines: 2\n${body}\nPrivate-Lines: 1\n${body}\nPrivate-MAC: ${randomFill(13)(HEX, 64)}\n`;
  return [
    {
      rule: 'private-key',
      path: '/root/.ssh/id_ecdsa',
      hit: open,
      miss: open.replace(/[A-Za-z0-9+/]{64}\n/, `${'A'.repeat(64)}\n`),
    },
    {
      rule: 'private-key-base64',
      path: '/srv/x.yaml',
      hit: `client-key-data: ${Buffer.from(open).toString('base64')}\n`,
      miss: `LS0tLS1CRUdJTi${'A'.repeat(120)}`,
    },
    {
      rule: 'private-key-putty',
      path: '/root/x.ppk',
      hit: ppk('none'),
      miss: ppk('none').replace('Private-MAC', 'MAC'),
    },
    {
      rule: 'private-key-der',
      path: '/etc/app/server.key',
      hit: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('latin1'),
      miss: `0\x82\x01\x00${'\x01'.repeat(256)}`,
    },
  ];
}

const filled = (forms: readonly Form[], seed: number): readonly Sample[] =>
  forms.map(([rule, form, path], i) => ({
    rule,
    ...(path === undefined ? {} : { path }),
    hit: form(randomFill(seed + i)),
    miss: form(sameFill),
  }));

export const SAMPLES: readonly Sample[] = [
  ...filled(FORMS, 1_000),
  ...filled(PASSWORDS, 2_000),
  ...filled(SERVER_FORMS, 3_000),
  ...TRACES,
];
